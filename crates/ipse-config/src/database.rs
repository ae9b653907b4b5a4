//! `database`: how expired rows are cleared away.

use std::time::Duration;

use crate::GoDuration;

section! {
    /// Settings of the database that are not part of its address.
    pub struct Database {
        /// What `ipse cleanup` does.
        pub cleanup: Cleanup,
    }
}

section! {
    /// How expired rows are deleted.
    pub struct Cleanup {
        /// How many rows are deleted at a time.
        #[schemars(range(min = 1))]
        pub batch_size: u32 = 100,
        /// Pauses, so that a cleanup does not slow the server down.
        pub sleep: CleanupSleep,
        /// Rows are deleted only once they have been expired for this long.
        #[serde(with = "GoDuration")]
        pub older_than: Duration = Duration::ZERO,
    }
}

section! {
    /// Pauses during a cleanup.
    pub struct CleanupSleep {
        /// The pause between two tables.
        #[serde(with = "GoDuration")]
        pub tables: Duration = Duration::from_secs(60),
    }
}
