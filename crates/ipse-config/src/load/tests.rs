//! Loading as a whole: what is accepted, what is refused, and with which words.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::selfservice::hooks::Hook;
use crate::{CookieFlag, Dsn};

/// The least that can be served.
const MINIMAL: &str = "
dsn: memory
identity:
  schemas: [{ id: default, url: file://person.json }]
selfservice:
  default_browser_return_url: https://app.example.org/
secrets:
  default: [a-secret-of-enough-characters]
";

fn load_yaml(texts: &[&str]) -> Result<Loaded, ConfigError> {
    let mut sources = Sources::new();
    for index in 0..texts.len() {
        sources = sources.file(format!("{index}.yml"));
    }
    load_with(&sources, texts)
}

fn load_with(sources: &Sources, texts: &[&str]) -> Result<Loaded, ConfigError> {
    let texts: Vec<String> = texts.iter().copied().map(str::to_owned).collect();
    load_texts(sources, &texts)
}

/// Loads the minimal file with environment variables.
fn load_env(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let variables = variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    load_with(
        &Sources::new().file("0.yml").environment(variables),
        &[MINIMAL],
    )
}

/// What is wrong with the minimal file and this one laid over it.
fn mistakes(text: &str) -> String {
    load_yaml(&[MINIMAL, text]).unwrap_err().to_string()
}

#[test]
fn a_minimal_file_takes_the_defaults() {
    let Loaded { config, warnings } = load_yaml(&[MINIMAL]).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(config.dsn, Dsn::Memory);
    assert_eq!(
        (config.serve.public.port, config.serve.admin.port),
        (4433, 4434)
    );
    assert_eq!(config.hashers.bcrypt.cost, 12);
    assert_eq!(config.session.lifespan, Duration::from_secs(24 * 3600));
    assert_eq!(config.session.cookie.name, "ory_kratos_session");
    let flows = &config.selfservice.flows;
    assert_eq!(flows.settings.lifespan, Duration::from_secs(3600));
    assert_eq!(
        flows.settings.privileged_session_max_age,
        Duration::from_secs(3600)
    );
    assert_eq!(flows.login.ui_url, None);
    assert!(flows.registration.enabled && !flows.recovery.enabled);
    let password = &config.selfservice.methods.password;
    assert!(password.enabled && password.config.identifier_similarity_check_enabled);
    assert_eq!(password.config.min_password_length, 8);
}

#[test]
fn nothing_is_needed_in_development() {
    let loaded = load(&Sources::new().set("dev", true)).unwrap();
    assert!(loaded.config.dev);
    assert_eq!(
        loaded.config.default_return_url().as_str(),
        "http://127.0.0.1:4433/"
    );
    assert!(!loaded.config.secrets.is_complete());
}

#[test]
fn fallbacks_give_way_and_settings_do_not() {
    let sources = Sources::new()
        .fallback("secrets.default", json!(["made-up-made-up-made-up"]))
        .fallback("session.lifespan", "1h")
        .file("0.yml")
        .set("serve.public.port", 5000);
    let config = load_with(
        &sources,
        &[&format!("{MINIMAL}\nserve: {{ public: {{ port: 1 }} }}")],
    )
    .unwrap()
    .config;
    assert_eq!(
        config
            .secrets
            .default_keys()
            .signing()
            .map(crate::Secret::expose),
        Some("a-secret-of-enough-characters")
    );
    assert_eq!(config.session.lifespan, Duration::from_secs(3600));
    assert_eq!(config.serve.public.port, 5000);
}

#[test]
fn later_files_win_key_by_key() {
    let one = "serve: { public: { port: 1, host: a.example.org } }\nsession: { lifespan: 1h }";
    let other = "serve: { public: { port: 2 } }\nsecrets: { default: [another-secret-is-here] }";
    let config = load_yaml(&[MINIMAL, one, other]).unwrap().config;
    assert_eq!(config.serve.public.port, 2);
    assert_eq!(config.serve.public.host, "a.example.org");
    assert_eq!(config.session.lifespan, Duration::from_secs(3600));
    assert_eq!(
        config.secrets.default.len(),
        1,
        "lists are replaced, not joined"
    );
}

#[test]
fn the_three_formats_say_the_same() {
    let toml = "[serve.public]\nport = 5000\n[[identity.schemas]]\nid = 'default'\nurl = 'file://x'\n\
                [courier.worker]\npull_count = 0x10\n[tracing.providers.zipkin.sampling]\n\
                sampling_ratio = 0.5";
    let json = "{\n\t\"serve\": {\"public\": {\"port\": 5000}},\n\t\"identity\": {\"schemas\": \
                [{\"id\": \"default\", \"url\": \"file://x\"}]}, \"courier\": {\"worker\": \
                {\"pull_count\": 16}}, \"tracing\": {\"providers\": {\"zipkin\": {\"sampling\": \
                {\"sampling_ratio\": 0.5}}}}}";
    let yaml = "serve: { public: { port: 5000 } }\nidentity: { schemas: [{ id: default, url: file://x }] }\n\
                courier: { worker: { pull_count: 16 } }\ntracing: { providers: { zipkin: { sampling: \
                { sampling_ratio: 0.5 } } } }";
    let read = |name: &str, text: &str| {
        let sources = Sources::new().file(name).purpose(Purpose::Inspect);
        load_with(&sources, &[text]).unwrap().config
    };
    let expected = read("a.yaml", yaml);
    assert_eq!(expected.courier.worker.pull_count, 16);
    assert_eq!(read("a.toml", toml), expected);
    assert_eq!(read("a.json", json), expected);
}

#[test]
fn broken_files_name_the_place_and_quote_nothing() {
    let broken = [
        ("a.yml", "secrets:\n  default: [swordfish\nx: 1", "a.yml:"),
        ("a.yml", "a: 1\na: 2\n", "a.yml:2:1:"),
        ("a.json", "{\n \"secrets\": swordfish }", "a.json:2:"),
        ("a.toml", "dsn = 'memory'\nsecrets = swordfish", "a.toml:2:"),
    ];
    for (name, text, place) in broken {
        let message = load_with(&Sources::new().file(name), &[text])
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(place), "{message}");
        assert!(!message.contains("swordfish"), "{message}");
    }
    let message = load_with(&Sources::new().file("a.ini"), &[""])
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        "a.ini: the name has to end in .yaml, .yml, .json or .toml"
    );
    let missing = load(&Sources::new().file("no/such/file.yml")).unwrap_err();
    assert!(matches!(missing, ConfigError::Read { .. }), "{missing}");
}

#[test]
fn an_unknown_key_names_the_nearest_one() {
    let message = mistakes("selfservice:\n  flows:\n    setings:\n      ui_url: /x\n");
    assert!(
        message.starts_with(
            "1.yml:3:5: selfservice.flows.setings: there is no such key; did you mean `settings`? \
             (known here: settings, logout,"
        ),
        "{message}"
    );
    let message = mistakes("session: { privileged_session_max_age: 1h }");
    assert!(
        message.contains("did you mean `selfservice.flows.settings.privileged_session_max_age`?"),
        "{message}"
    );
}

#[test]
fn wrong_values_say_what_is_allowed_and_all_are_listed() {
    let message = mistakes(
        "session:\n  lifespan: 24\n  cookie: { same_site: lax, persistent: yes }\n\
         serve: { public: { port: 70000 } }\nidentity: { schemas: [] }\n\
         courier: { smtp: { from_address: nobody } }\nlog: 1\n",
    );
    let lines: Vec<&str> = message.lines().collect();
    for expected in [
        "1.yml:2:3: session.lifespan: found the number 24, allowed is a text such as `1h30m`",
        "1.yml:3:13: session.cookie.same_site: found the text \"lax\", allowed is one of Strict, Lax, None",
        "1.yml:3:29: session.cookie.persistent: found the text \"yes\", allowed is true or false",
        "1.yml:4:20: serve.public.port: found the number 70000, allowed is a whole number from 1 to 65535",
        "1.yml:5:13: identity.schemas: found a list, allowed is a list with at least 1 item",
        "1.yml:6:20: courier.smtp.from_address: found the text \"nobody\", allowed is an e-mail address",
        "1.yml:7:1: log: found the number 1, allowed is a table",
    ] {
        assert!(
            lines.contains(&expected),
            "{expected}\nis not in\n{message}"
        );
    }
    assert_eq!(lines.len(), 7, "{message}");
}

#[test]
fn secrets_are_never_quoted() {
    let message = mistakes(
        "secrets: { default: [swordfish, swordfish-swordfish, swordfish-swordfish], cookie: swordfish }\n\
         dsn: swordfish://a:swordfish@b/c\n\
         courier: { smtp: { connection_uri: \"http://u:swordfish@host/\" } }\n\
         selfservice: { methods: { oidc: { config: { providers: [swordfish] } } } }\n",
    );
    assert_eq!(message.lines().count(), 5, "{message}");
    assert!(!message.contains("swordfish"), "{message}");
    let message = mistakes("dsn: mysql://u:swordfish@tcp(db)/x");
    assert_eq!(
        message,
        "1.yml:1:1: dsn: MySQL is not supported; use sqlite:// or postgres://"
    );
}

#[test]
fn a_hook_that_can_do_nothing_is_refused_with_its_path() {
    let message = mistakes(
        "selfservice: { flows: { registration: { after: { hooks: [{ hook: session }],\n\
         password: { hooks: [session, { hook: web_hook }, { hook: session, config: {} }] } } } } }",
    );
    let after = "selfservice.flows.registration.after";
    for expected in [
        format!("{after}.hooks.0.hook: found the text \"session\", allowed is one of web_hook,"),
        format!(
            "{after}.password.hooks.0: found a text, allowed is a table with `hook`: one of session,"
        ),
        format!("{after}.password.hooks.1.config: is missing; allowed is a table"),
        format!("{after}.password.hooks.2.config: there is no such key"),
    ] {
        assert!(
            message.contains(&expected),
            "{expected}\nis not in\n{message}"
        );
    }
}

#[test]
fn what_is_missing_is_said_with_advice() {
    let message = load_yaml(&["{}"]).unwrap_err().to_string();
    for key in [
        "dsn",
        "identity.schemas",
        "selfservice.default_browser_return_url",
        "secrets.default",
    ] {
        assert!(
            message.contains(&format!("{key}: is missing; ")),
            "{key}\nis not in\n{message}"
        );
    }
    let purpose = |purpose| {
        load_with(
            &Sources::new().file("0.yml").purpose(purpose),
            &["dsn: memory"],
        )
    };
    assert!(purpose(Purpose::Database).is_ok());
    assert!(purpose(Purpose::Inspect).is_ok());
    assert!(purpose(Purpose::Serve).is_err());
}

#[test]
fn rules_between_keys_are_kept() {
    let methods = "selfservice.methods";
    let broken = [
        (
            "identity: { default_schema_id: other }",
            "identity.default_schema_id: no schema".to_owned(),
        ),
        (
            "identity: { schemas: [{ id: default, url: file://a }, { id: default, url: file://b }] }",
            "identity.schemas.1.id: another schema".to_owned(),
        ),
        (
            "selfservice: { methods: { code: { passwordless_enabled: true, mfa_enabled: true } } }",
            format!("{methods}.code.mfa_enabled: a code can be"),
        ),
        (
            "selfservice: { methods: { passkey: { enabled: true } } }",
            format!("{methods}.passkey.config.rp: is missing"),
        ),
        (
            "selfservice: { methods: { oidc: { config: { providers: [{ id: a, provider: apple, \
             client_id: x, client_secret: y, mapper_url: file://m }] } } } }",
            format!(
                "{methods}.oidc.config.providers.0.client_secret: is not for `provider: apple`"
            ),
        ),
        (
            "selfservice: { methods: { oidc: { config: { providers: [{ id: a, provider: google, \
             client_id: x, microsoft_tenant: t, mapper_url: file://m }] } } } }",
            format!("{methods}.oidc.config.providers.0.microsoft_tenant: is only for"),
        ),
        (
            "selfservice: { flows: { login: { before: { hooks: [{ hook: web_hook, config: { method: GET, \
             url: http://x, response: { ignore: true, parse: true } } }] } } } }",
            "selfservice.flows.login.before.hooks.0.config.response.ignore: an answer".to_owned(),
        ),
        (
            "courier: { delivery_strategy: http }",
            "courier.http.request_config.url: is missing".to_owned(),
        ),
        (
            "serve: { public: { base_url: \"ftp://x/\" } }",
            "serve.public.base_url: has to".to_owned(),
        ),
        (
            "serve: { admin: { tls: { key: { path: k } } } }",
            "serve.admin.tls.cert: is missing".to_owned(),
        ),
        (
            "serve: { public: { cors: { allowed_origins: [\"https://*.*.org\"] } } }",
            "serve.public.cors.allowed_origins.0: can contain only one".to_owned(),
        ),
        (
            "selfservice: { flows: { recovery: { enabled: true } } }",
            "courier: is missing; verification and recovery".to_owned(),
        ),
    ];
    for (text, expected) in broken {
        let message = mistakes(text);
        assert!(
            message.contains(&expected),
            "{expected}\nis not in\n{message}"
        );
    }
}

#[test]
fn variables_are_read_by_the_type_of_their_key() {
    let config = load_env(&[
        (
            "SELFSERVICE_FLOWS_SETTINGS_UI_URL",
            "https://ui.example.org/settings",
        ),
        ("DSN", "sqlite:///tmp/x.sqlite?_fk=true"),
        ("SELFSERVICE_METHODS_PASSWORD_ENABLED", "false"),
        ("SERVE_PUBLIC_PORT", "5000"),
        ("SESSION_COOKIE_PERSISTENT", "0"),
        ("SESSION_COOKIE_SECURE", "true"),
        ("SECRETS_COOKIE_1", "second-second-second"),
        ("SECRETS_COOKIE_0", "first-first-first-1"),
        ("SECRETS_DEFAULT", "one-one-one-one-1, two-two-two-two-2"),
        (
            "SERVE_PUBLIC_CORS_ALLOWED_ORIGINS",
            "[\"https://a.org\",\"https://b.org\"]",
        ),
        ("COURIER_SMTP_HEADERS", "{\"X-Extra\": \"1\"}"),
        ("IDENTITY_SCHEMAS_0_URL", "file://other.json"),
        ("WATCH_COURIER", "1"),
        ("SESSION", "x11"),
        ("HELP", "me"),
        ("PATH", "/bin"),
        ("SELFSERVICE_FLOWS_NONSENSE", "1"),
    ])
    .unwrap()
    .config;
    assert_eq!(
        config
            .selfservice
            .flows
            .settings
            .ui_url
            .as_ref()
            .map(Url::as_str),
        Some("https://ui.example.org/settings")
    );
    assert!(matches!(config.dsn, Dsn::Sqlite(_)));
    assert!(!config.selfservice.methods.password.enabled && !config.session.cookie.persistent);
    assert_eq!(config.session.cookie.secure, Some(CookieFlag(true)));
    assert_eq!(config.serve.public.port, 5000);
    let cookie: Vec<_> = config
        .secrets
        .cookie_keys()
        .verifying()
        .map(crate::Secret::expose)
        .collect();
    assert_eq!(cookie, ["first-first-first-1", "second-second-second"]);
    assert_eq!(config.secrets.default.len(), 2);
    assert_eq!(
        config.serve.public.cors.allowed_origins,
        ["https://a.org", "https://b.org"]
    );
    assert_eq!(config.courier.smtp.headers["X-Extra"].expose(), "1");
    assert_eq!(
        config.identity.schemas[0].url,
        crate::Source::File("other.json".into())
    );
    assert!(config.watch_courier);
}

#[test]
fn a_wrong_variable_is_named() {
    let message = load_env(&[
        ("SERVE_PUBLIC_PORT", "many"),
        ("SECRETS_COOKIE_7", "a-secret-of-enough-characters"),
        ("COURIER_SMTP_HEADERS", "nonsense"),
        (
            "SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS",
            "[{\"client_secret\": \"swordfish\"",
        ),
    ])
    .unwrap_err()
    .to_string();
    for expected in [
        "environment variable SERVE_PUBLIC_PORT: serve.public.port: found the text \"many\", allowed is",
        "environment variable SECRETS_COOKIE_7: secrets.cookie.7: found an item beyond the end",
        "environment variable COURIER_SMTP_HEADERS: courier.smtp.headers: found a text",
        "PROVIDERS: selfservice.methods.oidc.config.providers: found a text (not shown)",
    ] {
        assert!(
            message.contains(expected),
            "{expected}\nis not in\n{message}"
        );
    }
    assert!(!message.contains("swordfish"));
}

#[test]
fn keys_without_effect_are_named_with_their_line() {
    let loaded = load_yaml(&[MINIMAL, "\ntracing:\n  provider: jaeger\n"]).unwrap();
    let [warning] = loaded.warnings.as_slice() else {
        panic!("{:?}", loaded.warnings)
    };
    assert_eq!(
        (warning.key.as_str(), warning.origin.line()),
        ("tracing", Some(2))
    );
    assert_eq!(
        warning.to_string(),
        "1.yml:2:1: tracing: is accepted but has no effect yet"
    );
}

#[test]
fn paths_count_from_the_public_address_and_empty_keys_are_absent() {
    let config = load_yaml(&[
        MINIMAL,
        "serve: { public: { base_url: \"https://id.example.org/auth\" } }\n\
         selfservice:\n  default_browser_return_url: /home\n  flows:\n    login:\n      ui_url: login\n\
         \x20     after:\n    settings:\n",
    ])
    .unwrap()
    .config;
    assert_eq!(
        config.default_return_url().as_str(),
        "https://id.example.org/home"
    );
    assert_eq!(
        config
            .selfservice
            .flows
            .login
            .ui_url
            .as_ref()
            .map(Url::as_str),
        Some("https://id.example.org/auth/login")
    );
}

#[test]
fn method_hooks_come_before_those_of_the_flow() {
    let config = load_yaml(&[
        MINIMAL,
        "selfservice: { flows: { login: { after: { default_browser_return_url: /all,\n\
         hooks: [{ hook: require_verified_address }],\n\
         password: { hooks: [{ hook: revoke_active_sessions }] },\n\
         totp: { default_browser_return_url: /totp } } } } }",
    ])
    .unwrap()
    .config;
    let after = &config.selfservice.flows.login.after;
    assert_eq!(
        after.completion("password").hooks,
        [Hook::RevokeActiveSessions]
    );
    assert_eq!(
        after.completion("code").hooks,
        [Hook::RequireVerifiedAddress]
    );
    let totp = after.completion("totp");
    assert_eq!(totp.hooks, [Hook::RequireVerifiedAddress]);
    assert_eq!(
        totp.default_browser_return_url.map(Url::path),
        Some("/totp")
    );
    assert_eq!(
        after
            .completion("password")
            .default_browser_return_url
            .map(Url::path),
        Some("/all")
    );
}

#[test]
fn a_hook_that_can_do_nothing_in_its_place_is_named_with_its_path() {
    let flows = crate::selfservice::flows::Flows::default();
    let mut places: Vec<String> = [
        "login",
        "registration",
        "settings",
        "verification",
        "recovery",
    ]
    .into_iter()
    .flat_map(|flow| [format!("{flow}.before"), format!("{flow}.after")])
    .collect();
    let methods = |flow, lists: Vec<(Option<&str>, &[Hook])>| {
        let names = lists.into_iter().filter_map(|(name, _)| name);
        names
            .map(|name| format!("{flow}.after.{name}"))
            .collect::<Vec<_>>()
    };
    places.extend(methods("login", flows.login.after.lists().collect()));
    places.extend(methods(
        "registration",
        flows.registration.after.lists().collect(),
    ));
    places.extend(methods("settings", flows.settings.after.lists().collect()));
    assert_eq!(places.len(), 10 + 7 + 5 + 7);
    let web_hook =
        json!({ "hook": "web_hook", "config": { "url": "https://a.example/", "method": "GET" } });
    for place in places {
        // No hook can be used everywhere but web hooks; `session` can only be used where somebody signs up.
        let wrong = match place.starts_with("registration.after.") {
            true => "verification",
            false => "session",
        };
        let list = json!([web_hook, { "hook": wrong }]);
        let key = format!("selfservice.flows.{place}.hooks");
        let sources = Sources::new().file("0.yml").set(&key, list);
        let mistakes = load_with(&sources, &[MINIMAL]).unwrap_err().to_string();
        assert!(mistakes.contains(&format!("{key}.1")), "{mistakes}");
        let sources = Sources::new().file("0.yml").set(&key, json!([web_hook]));
        assert!(load_with(&sources, &[MINIMAL]).is_ok(), "{place}");
    }
}
