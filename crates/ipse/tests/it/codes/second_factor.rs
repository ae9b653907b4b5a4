//! A code as second factor.

use ipse_testkit::{Flow, Person, TestServer};
use serde_json::json;

use super::{PASSWORD, build, code_for, wrong};

async fn server() -> TestServer {
    build()
        .set("selfservice.methods.code.mfa_enabled", true)
        .set("selfservice.methods.code.passwordless_enabled", false)
        .start()
        .await
}

async fn ada(server: &TestServer) -> Person {
    server.identity("ada").password(PASSWORD).create().await
}

#[tokio::test]
async fn with_one_address_the_code_is_on_its_way_with_the_form() {
    let server = server().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let flow = client.start_with("login", "aal=aal2").await;
    assert_eq!(flow.json["state"], "sent_email");
    let code = code_for(&server, &ada.email).await;
    let submit = |code: &str| json!({ "method": "code", "code": code, "identifier": ada.email });
    assert_eq!(
        client
            .submit(&flow, submit(&wrong(&code)))
            .await
            .message_ids(),
        [4_010_008]
    );
    let reply = client.submit(&flow, submit(&code)).await;
    assert_eq!(
        reply.json()["session"]["authenticator_assurance_level"],
        "aal2",
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn a_code_alone_is_no_second_factor() {
    let server = server().await;
    let ada = ada(&server).await;
    let reply = server
        .native()
        .get("/self-service/login/api?aal=aal2")
        .await;
    assert_eq!(reply.status, 401);
    let mut client = server.native();
    client.sign_in(&ada).await;
    let flow = client.start_with("login", "aal=aal2").await;
    let code = code_for(&server, &ada.email).await;
    let fields = json!({ "method": "code", "code": code, "identifier": ada.email });
    assert!(
        server
            .native()
            .submit(&flow, fields)
            .await
            .status
            .is_client_error()
    );
}

#[tokio::test]
async fn the_code_of_one_account_is_not_good_for_another() {
    let server = server().await;
    let ada = ada(&server).await;
    let bob = server.identity("bob").password(PASSWORD).create().await;
    let (mut of_ada, mut of_bob) = (server.native(), server.native());
    of_ada.sign_in(&ada).await;
    of_bob.sign_in(&bob).await;
    let flow = of_bob.start_with("login", "aal=aal2").await;
    let code = code_for(&server, &bob.email).await;
    let fields = json!({ "method": "code", "code": code, "identifier": bob.email });
    let reply = of_ada.submit(&flow, fields).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    let session = of_ada.get("/sessions/whoami").await;
    assert_ne!(session.json()["authenticator_assurance_level"], "aal2");
}

#[tokio::test]
async fn only_addresses_of_the_account_get_a_code() {
    let server = server().await;
    let ada = ada(&server).await;
    let mut client = server.native();
    client.sign_in(&ada).await;
    let reply = client.get("/self-service/login/api?aal=aal2&via=fax").await;
    assert_eq!(reply.status, 400);
    let reply = client
        .get("/self-service/login/api?aal=aal2&via=email")
        .await;
    let flow = Flow::of(&reply);
    assert_eq!(flow.node("identifier").unwrap()["value"], ada.email);
    assert_eq!(server.mails().await.len(), 1);
}
