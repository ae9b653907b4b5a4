//! What the program says about a configuration that it can't use: file, line, key, and what would be right.

use std::fs;
use std::process::{Command, Output};

use crate::process::Directory;

/// Everything that serving needs but the database and secrets.
const BASE: &str = "\
dsn: memory
identity:
  schemas:
  - { id: default, url: 'base64://eyJ0eXBlIjoib2JqZWN0IiwicHJvcGVydGllcyI6eyJ0cmFpdHMiOnsidHlwZSI6Im9iamVjdCJ9fX0=' }
selfservice:
  default_browser_return_url: https://app.example.org/
";
const SECRET: &str = "secrets: { default: [a-secret-of-enough-characters] }\n";

/// Runs the program in a directory with these files, with no more environment than this.
fn run(arguments: &[&str], files: &[(&str, &str)], environment: &[(&str, &str)]) -> Output {
    let directory = Directory::new();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipse"));
    command.args(arguments).current_dir(directory.path());
    command.env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

/// What the program says when it refuses.
fn refusal(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{said}"
    );
    said
}

/// What is said about a file that is laid over a complete configuration.
fn check(text: &str) -> String {
    let arguments = [
        "config",
        "check",
        "-c",
        "base.yml",
        "-c",
        "secret.yml",
        "-c",
        "more.yml",
    ];
    refusal(&run(
        &arguments,
        &[
            ("base.yml", BASE),
            ("secret.yml", SECRET),
            ("more.yml", text),
        ],
        &[],
    ))
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_its_neighbour() {
    let said = check("selfservice:\n  flows:\n    setings: {}\n");
    assert!(
        said.starts_with("more.yml:3:5: selfservice.flows.setings: "),
        "{said}"
    );
    assert!(said.contains("did you mean `settings`?"), "{said}");
    let said = check("session:\n  lifespam: 1h\n");
    assert!(
        said.starts_with("more.yml:2:3: session.lifespam: "),
        "{said}"
    );
    assert!(said.contains("`lifespan`"), "{said}");
}

#[test]
fn a_wrong_type_is_named_with_its_place_and_what_is_allowed() {
    for (text, place, allowed) in [
        (
            "serve:\n  public:\n    port: many\n",
            "more.yml:3:5: serve.public.port: ",
            "a whole number from 1 to 65535",
        ),
        (
            "serve:\n  public:\n    port: 70000\n",
            "more.yml:3:5: serve.public.port: ",
            "a whole number from 1 to 65535",
        ),
        (
            "session:\n  lifespan: 24\n",
            "more.yml:2:3: session.lifespan: ",
            "`1h30m`",
        ),
        (
            "session: { cookie: { same_site: lax } }\n",
            "more.yml:1:22: session.cookie.same_site: ",
            "Lax",
        ),
        (
            "session: { cookie: { persistent: 'yes' } }\n",
            "more.yml:1:22: session.cookie.persistent: ",
            "true",
        ),
        (
            "identity: { schemas: [] }\n",
            "more.yml:1:13: identity.schemas: ",
            "at least 1",
        ),
        (
            "hashers: { bcrypt: { cost: 99 } }\n",
            "more.yml:1:22: hashers.bcrypt.cost: ",
            "31",
        ),
    ] {
        let said = check(text);
        assert!(said.starts_with(place), "{said}");
        assert!(said.contains(allowed), "{said}");
    }
}

#[test]
fn all_mistakes_are_listed_at_once() {
    let said = check("sesion: {}\nserve: { public: { port: no } }\nhashers: { algorithm: md5 }\n");
    for place in [
        "more.yml:1:1: sesion",
        "more.yml:2:20: serve.public.port",
        "more.yml:3:12: hashers.algorithm",
    ] {
        assert!(said.contains(place), "{said}");
    }
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn a_file_that_is_broken_names_the_place_and_quotes_no_secret() {
    for (name, text, place) in [
        (
            "more.yml",
            "secrets:\n  default: [swordfish-swordfish\nx: 1\n",
            "more.yml:",
        ),
        ("more.yml", "dsn: memory\ndsn: memory\n", "more.yml:2:"),
        (
            "more.json",
            "{\n  \"secrets\": swordfish-swordfish }",
            "more.json:2:",
        ),
        (
            "more.toml",
            "dsn = 'memory'\nsecrets = swordfish-swordfish\n",
            "more.toml:2:",
        ),
    ] {
        let output = run(
            &["config", "check", "-c", "base.yml", "-c", name],
            &[("base.yml", BASE), (name, text)],
            &[],
        );
        let said = refusal(&output);
        assert!(said.starts_with(place), "{said}");
        assert!(!said.contains("swordfish"), "{said}");
    }
    let said = check("secrets: { default: [swordfish] }\n");
    assert!(
        said.starts_with("more.yml:1:22: secrets.default.0: "),
        "{said}"
    );
    assert!(
        !said.contains("swordfish"),
        "a secret that is too short is still one: {said}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named_once() {
    let said = refusal(&run(&["serve", "-c", "nothing.yml"], &[], &[]));
    assert!(said.starts_with("nothing.yml: "), "{said}");
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
}

#[test]
fn serving_needs_secrets() {
    let said = refusal(&run(
        &["serve", "-c", "base.yml"],
        &[("base.yml", BASE)],
        &[],
    ));
    assert!(said.contains("secrets.default: is missing"), "{said}");
    assert!(
        said.contains("16"),
        "it is said how long they have to be: {said}"
    );
}

#[test]
fn serving_needs_a_schema_that_can_be_used() {
    let with = |schema: &str| {
        format!("{BASE}{SECRET}").replace("'base64://", "'x://").replace(
        "x://eyJ0eXBlIjoib2JqZWN0IiwicHJvcGVydGllcyI6eyJ0cmFpdHMiOnsidHlwZSI6Im9iamVjdCJ9fX0=",
        schema,
    ) + "serve: { public: { host: 127.0.0.1, port: 1 }, admin: { host: 127.0.0.1, port: 1 } }\n"
    };
    let said = refusal(&run(
        &["config", "check", "-c", "all.yml"],
        &[("all.yml", &with("gopher://x"))],
        &[],
    ));
    assert!(said.contains("identity.schemas.0.url"), "{said}");
}

#[test]
fn the_environment_overrides_files_and_is_named_when_it_is_wrong() {
    let files = [("base.yml", BASE), ("secret.yml", SECRET)];
    let arguments = ["config", "check", "-c", "base.yml", "-c", "secret.yml"];
    let said = refusal(&run(&arguments, &files, &[("SESSION_LIFESPAN", "soon")]));
    assert!(
        said.contains("SESSION_LIFESPAN") && said.contains("session.lifespan"),
        "{said}"
    );
    let fine = run(
        &arguments,
        &files,
        &[(
            "SELFSERVICE_FLOWS_SETTINGS_UI_URL",
            "https://app.example.org/settings",
        )],
    );
    assert!(
        fine.status.success(),
        "{}",
        String::from_utf8_lossy(&fine.stderr)
    );
    let from_environment = run(
        &arguments[..4],
        &files,
        &[("SECRETS_DEFAULT", "[\"a-secret-of-enough-characters\"]")],
    );
    assert!(
        from_environment.status.success(),
        "{}",
        String::from_utf8_lossy(&from_environment.stderr)
    );
}

#[test]
fn a_known_key_without_effect_is_warned_of_and_no_mistake() {
    let files = [
        ("base.yml", BASE),
        ("secret.yml", SECRET),
        (
            "more.yml",
            "selfservice: { methods: { link: { config: { base_url: 'https://x.example.org' } } } }\n",
        ),
    ];
    let output = run(
        &[
            "config",
            "check",
            "-c",
            "base.yml",
            "-c",
            "secret.yml",
            "-c",
            "more.yml",
        ],
        &files,
        &[],
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.starts_with("more.yml:1:45: selfservice.methods.link.config.base_url: "),
        "{said}"
    );
}

#[test]
fn the_schema_of_the_configuration_can_be_printed() {
    let output = run(&["config", "schema"], &[], &[]);
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["selfservice"].is_object());
    let version = run(&["version"], &[], &[]);
    assert_eq!(
        String::from_utf8(version.stdout).unwrap().trim(),
        concat!("ipse ", env!("CARGO_PKG_VERSION"))
    );
}
