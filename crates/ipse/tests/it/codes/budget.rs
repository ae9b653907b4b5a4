//! Nobody can be bombed with messages, and nobody learns that an address has had its share; nor can codes be guessed by
//! starting one flow after the other.

use ipse_model::SignedDuration;
use ipse_testkit::{Client, Flow, Reply, TestServer};
use serde_json::{Value, json};

use super::{PASSWORD, build, build_with_links, code_for, names, wrong};

/// What an answer shows, without what differs from flow to flow.
fn shape(reply: &Reply) -> (u16, Value, Vec<String>, Vec<u64>) {
    let flow = Flow::of(reply);
    let messages = flow.messages().into_iter().map(|(id, _)| id).collect();
    let state = flow.json["state"].clone();
    (reply.status.as_u16(), state, names(&flow), messages)
}

/// Asks for a message in a new flow.
async fn ask(server: &TestServer, (flow, fields): (&str, &Value)) -> Reply {
    let mut client = server.native();
    let form = client.start(flow).await;
    client.submit(&form, fields.clone()).await
}

/// How many messages wait for an address, and how many it didn't get.
async fn counts(server: &TestServer, address: &str) -> (usize, usize) {
    let page = server
        .admin()
        .get(&format!(
            "/admin/courier/messages?page_size=500&recipient={address}"
        ))
        .await;
    let messages = page.json();
    let of = |status: &str| {
        let messages = messages.as_array().unwrap().iter();
        messages.filter(|mail| mail["status"] == status).count()
    };
    (of("queued"), of("abandoned"))
}

fn small(builder: ipse_testkit::Builder) -> ipse_testkit::Builder {
    builder.set(
        "ipse.message_budget",
        json!({ "messages": 3, "window": "10m" }),
    )
}

#[tokio::test]
async fn whatever_is_asked_for_an_address_gets_its_share_and_the_answer_stays_the_same() {
    let email = json!({ "method": "code", "email": "ada@example.org" });
    let identifier = json!({ "method": "code", "identifier": "ada@example.org" });
    for (flow, fields) in [
        ("recovery", &email),
        ("verification", &email),
        ("login", &identifier),
    ] {
        let server = small(build()).start().await;
        server.identity("ada").password(PASSWORD).create().await;
        let first = shape(&ask(&server, (flow, fields)).await);
        for _ in 0..6 {
            assert_eq!(shape(&ask(&server, (flow, fields)).await), first, "{flow}");
        }
        assert_eq!(counts(&server, "ada@example.org").await, (3, 4), "{flow}");
        server.clock.advance(SignedDuration::from_mins(10));
        ask(&server, (flow, fields)).await;
        assert_eq!(counts(&server, "ada@example.org").await, (4, 4), "{flow}");
    }
}

#[tokio::test]
async fn links_and_codes_to_sign_up_with_are_counted_as_well() {
    let server = small(build_with_links()).start().await;
    server.identity("ada").password(PASSWORD).create().await;
    let fields = json!({ "method": "link", "email": "ada@example.org" });
    for _ in 0..5 {
        ask(&server, ("recovery", &fields)).await;
    }
    assert_eq!(counts(&server, "ada@example.org").await, (3, 2));
    let fields = json!({ "method": "code", "traits": { "email": "bea@example.org" } });
    for _ in 0..5 {
        ask(&server, ("registration", &fields)).await;
    }
    assert_eq!(counts(&server, "bea@example.org").await, (3, 2));
}

#[tokio::test]
async fn strangers_who_are_told_are_not_told_without_end() {
    let server = small(build())
        .set("selfservice.flows.recovery.notify_unknown_recipients", true)
        .start()
        .await;
    let fields = json!({ "method": "code", "email": "nobody@example.org" });
    for _ in 0..5 {
        ask(&server, ("recovery", &fields)).await;
    }
    assert_eq!(counts(&server, "nobody@example.org").await, (3, 2));
}

#[tokio::test]
async fn all_flows_and_clients_together_count() {
    let server = small(build()).start().await;
    server.identity("ada").password(PASSWORD).create().await;
    let email = json!({ "method": "code", "email": "Ada@Example.org" });
    let asked = ["recovery", "verification"].into_iter().cycle().take(30);
    let asked = asked.map(|flow| {
        let (mut client, email) = (server.native(), email.clone());
        tokio::spawn(async move {
            let form = client.start(flow).await;
            client.submit(&form, email).await.status
        })
    });
    for one in asked.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(counts(&server, "ada@example.org").await, (3, 27));
}

/// Asks again in the same flow.
async fn resend(client: &mut Client, flow: &Flow) -> Flow {
    let fields = json!({ "method": "code", "email": "ada@example.org" });
    Flow::of(&client.submit(flow, fields).await)
}

#[tokio::test]
async fn the_code_that_came_last_stays_good_and_whoever_uses_it_starts_anew() {
    let server = small(build()).start().await;
    server.identity("ada").password(PASSWORD).create().await;
    let mut client = server.native();
    let mut flow = client.start("verification").await;
    for _ in 0..3 {
        server.clock.advance(SignedDuration::from_secs(1));
        flow = resend(&mut client, &flow).await;
    }
    let last = code_for(&server, "ada@example.org").await;
    for _ in 0..3 {
        flow = resend(&mut client, &flow).await;
    }
    let reply = client
        .submit(&flow, json!({ "method": "code", "code": last }))
        .await;
    assert_eq!(reply.message_ids(), [1_080_002]);
    let before = counts(&server, "ada@example.org").await.0;
    let email = json!({ "method": "code", "email": "ada@example.org" });
    ask(&server, ("verification", &email)).await;
    assert_eq!(counts(&server, "ada@example.org").await.0, before + 1);
}

#[tokio::test]
async fn a_well_behaved_person_never_meets_the_budget() {
    let server = build().start().await;
    server.identity("ada").password(PASSWORD).create().await;
    let email = json!({ "method": "code", "email": "ada@example.org" });
    for _ in 0..20 {
        ask(&server, ("recovery", &email)).await;
    }
    assert_eq!(counts(&server, "ada@example.org").await, (20, 0));
    ask(&server, ("recovery", &email)).await;
    assert_eq!(counts(&server, "ada@example.org").await, (20, 1));
}

#[tokio::test]
async fn codes_can_not_be_guessed_in_one_flow_after_the_other() {
    for (kind, address) in [("known", "ada@example.org"), ("unknown", "bob@example.org")] {
        let server = build().start().await;
        server.identity("ada").password(PASSWORD).create().await;
        let email = json!({ "method": "code", "email": address });
        for _ in 0..10 {
            let mut client = server.native();
            let form = client.start("recovery").await;
            let flow = Flow::of(&client.submit(&form, email.clone()).await);
            for _ in 0..5 {
                let guess = json!({ "method": "code", "code": "000000" });
                assert_eq!(client.submit(&flow, guess).await.status, 200, "{kind}");
            }
        }
        let mut client = server.native();
        let form = client.start("recovery").await;
        let flow = Flow::of(&client.submit(&form, email).await);
        let code = match kind {
            "known" => code_for(&server, address).await,
            _ => "123456".to_owned(),
        };
        let reply = client
            .submit(&flow, json!({ "method": "code", "code": code }))
            .await;
        assert_eq!(reply.status, 303, "{kind}");
    }
}

#[tokio::test]
async fn an_hour_later_codes_are_compared_again() {
    let server = build()
        .set("selfservice.methods.code.config.max_submissions", 1)
        .start()
        .await;
    server.identity("ada").password(PASSWORD).create().await;
    let email = json!({ "method": "code", "email": "ada@example.org" });
    let attempt = async |right: bool| {
        let mut client = server.native();
        let form = client.start("verification").await;
        let flow = Flow::of(&client.submit(&form, email.clone()).await);
        let code = code_for(&server, "ada@example.org").await;
        let code = if right { code } else { wrong(&code) };
        let fields = json!({ "method": "code", "code": code });
        client.submit(&flow, fields).await.status.as_u16()
    };
    for _ in 0..10 {
        assert_eq!(attempt(false).await, 200);
    }
    assert_eq!(attempt(true).await, 410);
    server.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(attempt(true).await, 200);
}
