//! Couriers that die while they work on a queue in PostgreSQL.

use super::Site;
use crate::courier::survive;

#[test]
fn a_thousand_messages_outlive_the_couriers_that_send_them() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    survive(&site.directory());
}
