//! What a command ends with: the error that a user meets, and the exit code.
//!
//! This is the ground floor: every room raises errors, so this file imports no room. Each room implements [`UserError`] for
//! its own errors, beside them.
//!
//! Doesn't belong here: any room's error, its message, hint or exit code.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// How the program ends; the table is in `src/help/exit-codes.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All done.
    Done = 0,
    /// Stopped by an error or a safety limit, before or during the work.
    Stopped = 1,
    /// The command line is at fault.
    Usage = 2,
    /// Finished; some or all rows were rejected or failed.
    Partial = 3,
    /// Verification or completeness found a difference.
    Different = 4,
    /// Interrupted; the rest can be resumed.
    Interrupted = 130,
}

/// What the program decides by, where it decides by an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// A file can't be read.
    Unread,
    /// A file can't be read because its bytes are not text in the encoding that was assumed.
    NotText,
    /// Nobody reads the output any more (`export - | head -1`).
    ClosedPipe,
    /// There is no API key.
    NoKey,
    /// The API refuses the key that was given.
    KeyRefused,
    /// The user was asked, and declined.
    Declined,
    /// Anything else.
    Other,
}

/// An error's name for programs.
pub type Code = Cow<'static, str>;

/// The code that follows from a variant's name: `read_no_sheets` for `NoSheets` of the room `read`.
pub(crate) fn code(room: &str, error: &impl fmt::Debug) -> Code {
    let error = format!("{error:?}");
    let variant = error.chars().take_while(char::is_ascii_alphanumeric);
    let mut code = room.to_owned();
    for letter in variant {
        if letter.is_ascii_uppercase() {
            code.push('_');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code.into()
}

/// An error that can end a command. `Display` says what is wrong and where.
pub trait UserError: std::error::Error + Send + Sync + 'static {
    /// Its name for programs, such as `api_unauthorized`: what raises it, and what is wrong. It never changes, whatever
    /// becomes of the text, and no two errors share one. `src/help/codes.md` lists all of them.
    fn code(&self) -> Code;

    /// What the user can do about it.
    fn hint(&self) -> String;

    /// The exit code of a command that ends with it.
    fn exit(&self) -> Exit {
        Exit::Stopped
    }

    /// The file or folder to look into, if there is one.
    fn place(&self) -> Option<&Path> {
        None
    }

    /// What the program decides by.
    fn category(&self) -> Category {
        Category::Other
    }

    /// The error that a command ends with; another one than this only where both mean the same to the user.
    fn into_error(self) -> Error
    where
        Self: Sized,
    {
        Error::of(self)
    }
}

/// Why a command stopped: any room's error.
#[derive(Debug)]
pub struct Error(Box<dyn UserError>);

impl Error {
    /// Keeps a room's error as it is.
    pub(crate) fn of(error: impl UserError) -> Self {
        Self(Box::new(error))
    }

    /// Its name for programs.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code()
    }

    /// The text for programs: what is wrong, and what the user can do about it.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{self}; {}", self.hint())
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        self.0.hint()
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.0.exit()
    }

    /// The file or folder to look into, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Path> {
        self.0.place()
    }

    /// What the program decides by.
    #[must_use]
    pub fn category(&self) -> Category {
        self.0.category()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl<E: UserError> From<E> for Error {
    fn from(error: E) -> Self {
        error.into_error()
    }
}

/// The user stopped the run. Any room may be the first to notice.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("interrupted: requests in flight were finished, no new one was started")]
pub struct Interrupted;

impl UserError for Interrupted {
    fn code(&self) -> Code {
        "interrupted".into()
    }

    fn hint(&self) -> String {
        "to continue, run the same command (an import with --resume); finished items are not sent again".to_owned()
    }

    fn exit(&self) -> Exit {
        Exit::Interrupted
    }
}
