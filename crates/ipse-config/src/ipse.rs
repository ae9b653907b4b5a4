//! `ipse`: what only this server has.

use std::time::Duration;

use crate::GoDuration;

section! {
    /// Switches that only this server knows. Each one is optional and leaves the behaviour clients
    /// rely on unchanged when it is absent.
    pub struct Ipse {
        /// How many messages one address gets.
        pub message_budget: MessageBudget,
        /// Sends OpenID providers a nonce, which ID tokens have to repeat, where no proof key
        /// (`pkce`) is used. Scripts see it in the address they are sent to.
        pub provider_nonce: bool = false,
    }
}

section! {
    /// How many messages one address gets, however many are asked for. Whoever proves to read
    /// them starts anew.
    pub struct MessageBudget {
        /// So many in each stretch of time.
        #[schemars(range(min = 1))]
        pub messages: u32 = 20,
        /// The stretch of time.
        #[serde(with = "GoDuration")]
        pub window: Duration = Duration::from_secs(3600),
    }
}
