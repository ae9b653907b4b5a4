#![doc = include_str!("../README.md")]

mod address;
mod clock;
mod courier;
mod credentials;
mod flow;
mod identity;
mod json;
mod method;
mod random;
mod session;

pub use address::{AddressStatus, Channel, RecoveryAddress, VerifiableAddress};
pub use clock::{Clock, ManualClock, SystemClock};
pub use courier::{CourierMessage, MessageStatus, NOWHERE};
pub use credentials::{Credential, Credentials, CredentialsType, PasswordConfig};
pub use flow::{FlowClient, FlowName, FlowRecord, FlowState};
pub use identity::{Identity, IdentityState};
pub use jiff::{SignedDuration, Timestamp};
pub use json::Json;
pub use method::{Aal, AuthenticationMethod, MethodId};
pub use random::Random;
pub use session::{Device, Session};
pub use uuid::Uuid;
