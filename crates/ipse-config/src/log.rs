//! `log`: how much is logged and in which form.

section! {
    /// What is written to standard error.
    pub struct Log {
        /// The least severity that is written.
        pub level: LogLevel = LogLevel::Info,
        /// Write addresses and other personal data as they are.
        pub leak_sensitive_values: bool = false,
        /// What stands in place of personal data.
        pub redaction_text: Option<String>,
        /// Lines for people or for machines.
        pub format: LogFormat = LogFormat::Text,
    }
}

choice! {
    /// A severity.
    pub enum LogLevel {
        /// Everything.
        Trace = "trace",
        /// What helps to find a mistake.
        Debug = "debug",
        /// What an operator wants to know.
        Info = "info",
        /// What an operator should look at.
        Warning = "warning",
        /// What went wrong.
        Error = "error",
        /// Same as `error`; kept because files name it.
        Fatal = "fatal",
        /// Same as `error`; kept because files name it.
        Panic = "panic",
    }
}

choice! {
    /// The form of a line.
    pub enum LogFormat {
        /// One JSON object per line.
        Json = "json",
        /// Readable text.
        Text = "text",
    }
}
