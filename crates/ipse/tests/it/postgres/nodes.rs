//! Several nodes on one database: they are one server, also when one of them dies, and when their clocks disagree.

use std::net::SocketAddr;

use ipse_model::{Random, SignedDuration};
use ipse_testkit::{TestServer, round_robin};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Site;
use super::load::Load;
use crate::account::Account;
use crate::process::{Process, ask};

/// A load balancer in front of nodes, for as long as this value lives.
struct Balancer {
    _runtime: Runtime,
    address: SocketAddr,
}

impl Balancer {
    fn start(nodes: Vec<SocketAddr>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(round_robin(listener, nodes));
        Self {
            _runtime: runtime,
            address,
        }
    }
}

#[test]
fn three_nodes_are_one_server_and_survive_the_death_of_one() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    let directories = [site.directory(), site.directory(), site.directory()];
    let mut nodes = directories.each_ref().map(Process::start);
    let balancer = Balancer::start(nodes.iter().map(|node| node.public).collect());
    let mut load = Load::new(4);
    load.during(&[balancer.address], |progress| {
        progress.acknowledged(60);
        assert_eq!(
            progress.refusals(),
            0,
            "nobody notices that there are several"
        );
        nodes[0].kill();
        progress.acknowledged(60);
        // At most what was under way at the node that died.
        assert!(progress.refusals() <= 4, "{}", progress.refusals());
    });
    assert!(load.check(&nodes[1]) > 20, "there was something to lose");
    for directory in &directories {
        assert!(!directory.log().contains("panicked"), "{}", directory.log());
    }
}

#[test]
fn a_session_that_is_revoked_is_refused_by_every_node_at_once() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    let directories = [site.directory(), site.directory()];
    let [one, other] = directories.each_ref().map(Process::start);
    for number in 1..=5 {
        let mut account = Account::new(&Random::seeded(number));
        let (status, body) = account.register(one.public).unwrap();
        assert_eq!(status, 200, "{body}");
        let token = body["session_token"].as_str().unwrap();
        let whoami = |node: &Process| {
            ask(node.public, "GET /sessions/whoami", Some(token), None)
                .unwrap()
                .0
        };
        assert_eq!((whoami(&one), whoami(&other)), (200, 200));
        let body = json!({ "session_token": token });
        let line = "DELETE /self-service/logout/api";
        assert_eq!(ask(one.public, line, None, Some(&body)).unwrap().0, 204);
        assert_eq!((whoami(&other), whoami(&one)), (401, 401));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_may_differ_by_half_a_minute() {
    let Some(site) = tokio::task::block_in_place(|| Site::migrated(&[])) else {
        return;
    };
    let node = async |seed| {
        TestServer::build()
            .set("dsn", site.dsn())
            .seed(seed)
            .start()
            .await
    };
    let (ahead, behind) = (node(1).await, node(2).await);
    ahead.clock.advance(SignedDuration::from_secs(30));
    let alice = ahead
        .identity("alice")
        .password("correct horse battery")
        .create()
        .await;
    // Everything begins at the node that is ahead and goes on at the one behind, as if it came from the future.
    let mut early = ahead.native();
    let login = early.start("login").await;
    let mut late = behind.native();
    let fields =
        json!({ "method": "password", "identifier": alice.email, "password": alice.password });
    let reply = late.submit(&login, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    early.token = reply.json()["session_token"].as_str().map(str::to_owned);
    let settings = early.start("settings").await;
    late.token = early.token.clone();
    assert_eq!(late.get("/sessions/whoami").await.status, 200);
    let fields = json!({ "method": "password", "password": "another horse battery" });
    let reply = late.submit(&settings, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // And the other way round.
    let mut early = ahead.native();
    early
        .sign_in(&ipse_testkit::Person {
            password: "another horse battery".into(),
            ..alice
        })
        .await;
    late.token = early.token.clone();
    assert_eq!(late.get("/sessions/whoami").await.status, 200);
    let settings = late.start("settings").await;
    let fields = json!({ "method": "password", "password": "a third horse battery" });
    let reply = early.submit(&settings, fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
