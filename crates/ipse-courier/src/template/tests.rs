//! Messages as they are written, with the built-in templates and with those of operators.

use ipse_config::courier::Courier;
use serde_json::{Value, json};

use super::*;

fn courier(config: &Value) -> Courier {
    serde_json::from_value(config.clone()).unwrap()
}

fn inline(text: &str) -> String {
    use base64::Engine as _;
    format!(
        "base64://{}",
        base64::engine::general_purpose::STANDARD.encode(text)
    )
}

/// Templates whose recovery code message has the given parts of its own.
fn with_own(parts: &Value) -> (Templates, Vec<TemplateProblem>) {
    let config = courier(&json!({"templates": {"recovery_code": {"valid": parts}}}));
    Templates::load(&config, &Documents::new())
}

fn recovery_code(payload: Value, traits: &Value) -> TemplateData {
    TemplateData::RecoveryCodeValid {
        about: About {
            to: "ada@example.org".to_owned(),
            request_url: "http://localhost/self-service/recovery/api".to_owned(),
            transient_payload: payload,
        },
        identity: json!({"schema_id": "default", "traits": traits, "metadata_public": null}),
        recovery_code: "123456".to_owned(),
        expires_in_minutes: 60,
    }
}

fn email(templates: &Templates, data: &TemplateData) -> Rendered {
    templates.render(TemplateChannel::Email, data).unwrap()
}

/// A directory of its own for a test, gone when dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("ipse-courier-{name}-{}", std::process::id()));
        for (path, content) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        Self(root)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_built_in_message_can_be_written() {
    let templates = Templates::builtin();
    for template_type in TemplateType::ALL {
        let data = TemplateData::sample(template_type);
        let rendered = email(&templates, &data);
        let html = rendered.html.unwrap();
        assert!(rendered.problems.is_empty());
        assert!(
            (10..70).contains(&rendered.subject.len()),
            "{}",
            rendered.subject
        );
        assert!(rendered.text.starts_with("Hello,\n\n") && rendered.text.ends_with(".\n"));
        assert!(
            html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"),
            "{html}"
        );
        let sms = templates.render(TemplateChannel::Sms, &data).unwrap();
        assert!(sms.html.is_none() && sms.subject.is_empty());
        assert!(
            (20..200).contains(&sms.text.len()),
            "{template_type}: {}",
            sms.text
        );
        for text in [&rendered.subject, &rendered.text, &html, &sms.text] {
            assert!(
                !text.contains("no value") && !text.contains("{{"),
                "{template_type}: {text}"
            );
            assert!(!text.contains("Zgotmpl"), "{template_type}: {text}");
        }
    }
}

#[test]
fn messages_with_a_code_show_it_everywhere() {
    let templates = Templates::builtin();
    for template_type in [
        TemplateType::LoginCodeValid,
        TemplateType::RegistrationCodeValid,
        TemplateType::RecoveryCodeValid,
        TemplateType::VerificationCodeValid,
    ] {
        let data = TemplateData::sample(template_type);
        let rendered = email(&templates, &data);
        assert!(rendered.text.contains("123456"));
        assert!(
            rendered
                .html
                .unwrap()
                .contains("<p class=\"code\">123456</p>")
        );
        assert!(rendered.text.contains("60 minutes"));
        let sms = templates.render(TemplateChannel::Sms, &data).unwrap();
        assert!(sms.text.contains("123456"));
    }
}

#[test]
fn messages_with_a_link_can_be_clicked() {
    let templates = Templates::builtin();
    for template_type in [
        TemplateType::RecoveryValid,
        TemplateType::VerificationValid,
        TemplateType::VerificationCodeValid,
    ] {
        let rendered = email(&templates, &TemplateData::sample(template_type));
        assert!(
            rendered
                .text
                .lines()
                .any(|line| line.starts_with("https://") && line.contains("?flow=f&"))
        );
        assert!(
            rendered
                .html
                .unwrap()
                .contains("<a class=\"button\" href=\"https://accounts.example.org/")
        );
    }
}

#[test]
fn strangers_learn_neither_code_nor_link() {
    let templates = Templates::builtin();
    for template_type in TemplateType::ALL
        .into_iter()
        .filter(|kind| kind.as_str().ends_with("invalid"))
    {
        let rendered = email(&templates, &TemplateData::sample(template_type));
        assert!(rendered.text.contains("ada@example.org"));
        assert!(!rendered.text.contains("://"));
        assert!(!rendered.html.unwrap().contains("href"));
    }
}

#[test]
fn mails_load_nothing_from_elsewhere() {
    let templates = Templates::builtin();
    for template_type in TemplateType::ALL {
        let html = email(&templates, &TemplateData::sample(template_type))
            .html
            .unwrap();
        for remote in ["src=", "url(", "@import", "<img", "<script", "<link"] {
            assert!(!html.contains(remote), "{template_type}: {remote}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn hostile_values_stay_text_in_html() {
    let mut data = TemplateData::sample(TemplateType::RecoveryCodeInvalid);
    if let TemplateData::RecoveryCodeInvalid(about) = &mut data {
        about.to = "<script>alert(1)</script>\"@example.org".to_owned();
    }
    let html = email(&Templates::builtin(), &data).html.unwrap();
    assert!(!html.contains("<script>"));
    let data = TemplateData::VerificationValid {
        about: About::default(),
        identity: Value::Null,
        verification_url: "javascript:alert(1)".to_owned(),
        expires_in_minutes: 1,
    };
    let rendered = email(&Templates::builtin(), &data);
    assert!(!rendered.html.unwrap().contains("href=\"javascript:"));
    assert!(rendered.text.contains("1 minute."));
}

#[test]
fn parts_are_replaced_one_by_one() {
    let (templates, problems) = with_own(&json!({
        "email": {"subject": inline("for {{ .To }}\n")}, "sms": {"body": {"plaintext": inline("own {{ .RecoveryCode }}")}},
    }));
    assert!(problems.is_empty());
    let data = TemplateData::sample(TemplateType::RecoveryCodeValid);
    let rendered = email(&templates, &data);
    assert_eq!(rendered.subject, "for ada@example.org");
    assert_eq!(rendered.text, email(&Templates::builtin(), &data).text);
    let sms = templates.render(TemplateChannel::Sms, &data).unwrap();
    assert_eq!(sms.text, "own 123456");
    assert!(format!("{templates:?}").contains("recovery_code/valid"));
}

#[test]
fn templates_speak_go() {
    let text = r#"{{- define "who" -}}{{ with .Identity.traits.name }}{{ .first }}{{ else }}nobody{{ end }}{{- end -}}
{{ template "who" . }} {{ .RecoveryCode }} {{ .To | upper | trunc 3 }}
{{- range $key, $value := .TransientPayload }} {{ $key }}={{ $value }}{{ end }}
{{- if eq .Identity.schema_id "default" }} default{{ end }} {{ printf "%d min" .ExpiresInMinutes }} {{ default "none" .Identity.metadata_public }}"#;
    let (templates, problems) = with_own(&json!({"email": {"body": {"plaintext": inline(text)}}}));
    assert_eq!(problems, []);
    let named = recovery_code(
        json!({"note": "<hi>", "also": 3}),
        &json!({"name": {"first": "Ada"}}),
    );
    assert_eq!(
        email(&templates, &named).text,
        "Ada 123456 ADA also=3 note=<hi> default 60 min none"
    );
    let nameless = recovery_code(Value::Null, &json!({"name": {}}));
    assert_eq!(
        email(&templates, &nameless).text,
        "nobody 123456 ADA default 60 min none"
    );
}

#[test]
fn missing_values_are_told_in_text_and_left_out_of_html() {
    let source = inline("<p>{{ index .TransientPayload \"note\" }}|{{ .RequestURL }}</p>");
    let (templates, _) =
        with_own(&json!({"email": {"body": {"plaintext": source, "html": source}}}));
    let rendered = email(&templates, &recovery_code(json!({}), &json!({})));
    assert_eq!(
        rendered.text,
        "<p><no value>|http://localhost/self-service/recovery/api</p>"
    );
    assert_eq!(
        rendered.html.unwrap(),
        "<p>|http://localhost/self-service/recovery/api</p>"
    );
    let rendered = email(
        &templates,
        &recovery_code(json!({"note": "<b>&"}), &json!({})),
    );
    assert!(rendered.text.starts_with("<p><b>&|"));
    assert!(rendered.html.unwrap().starts_with("<p>&lt;b&gt;&amp;|"));
}

#[test]
fn numbers_of_traits_compare_as_in_go() {
    let text =
        inline("{{ if ge .Identity.traits.age 18.0 }}adult{{ end }} {{ .Identity.traits.age }}");
    let (templates, _) = with_own(&json!({"email": {"body": {"plaintext": text}}}));
    let rendered = email(&templates, &recovery_code(json!({}), &json!({"age": 36})));
    assert_eq!(rendered.text, "adult 36");
}

#[test]
fn a_template_that_cannot_be_read_is_reported_with_its_line() {
    let folder = Folder::new("line", &[("subject.gotmpl", "fine\n{{ if }}\n")]);
    let path = folder.0.join("subject.gotmpl");
    let source = format!("file://{}", path.display());
    let (templates, problems) = with_own(&json!({"email": {"subject": source}}));
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert_eq!(
        (problem.origin.as_str(), problem.line),
        (path.to_str().unwrap(), Some(2))
    );
    assert!(
        problem
            .to_string()
            .starts_with(&format!("{}:2: ", path.display()))
    );
    let data = TemplateData::sample(TemplateType::RecoveryCodeValid);
    assert_eq!(
        email(&templates, &data),
        email(&Templates::builtin(), &data)
    );
}

#[test]
fn a_template_that_fails_gives_way_to_the_built_in_one() {
    let (templates, problems) =
        with_own(&json!({"email": {"subject": inline("{{ fail \"oh no\" }}")}}));
    assert_eq!(problems, []);
    let data = TemplateData::sample(TemplateType::RecoveryCodeValid);
    let rendered = email(&templates, &data);
    assert_eq!(
        rendered.subject,
        email(&Templates::builtin(), &data).subject
    );
    let [problem] = rendered.problems.as_slice() else {
        panic!("{:?}", rendered.problems)
    };
    assert!(problem.reason.contains("oh no"));
    assert!(problem.origin.contains("recovery_code/valid email.subject"));
}

#[test]
fn an_unknown_function_never_costs_a_message() {
    let (templates, problems) =
        with_own(&json!({"email": {"subject": inline("{{ env \"HOME\" }}")}}));
    let rendered = email(
        &templates,
        &TemplateData::sample(TemplateType::RecoveryCodeValid),
    );
    assert_eq!(problems.len() + rendered.problems.len(), 1);
    assert_eq!(rendered.subject, "Your code to get back into your account");
}

#[test]
fn a_missing_file_and_broken_bytes_are_reported() {
    let (_, problems) = with_own(&json!({"email": {
        "subject": "file:///nowhere/subject.gotmpl", "body": {"plaintext": "base64:///w=="}
    }}));
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(told[0].starts_with("/nowhere/subject.gotmpl: "), "{told:?}");
    assert!(told[1].ends_with("the template is not UTF-8"), "{told:?}");
}

#[test]
fn documents_on_servers_are_handed_in() {
    let config = courier(&json!({"templates": {"login_code": {"valid": {
        "email": {"subject": "https://texts.example.org/subject", "body": {"html": "https://texts.example.org/html"}}
    }}}}));
    let addresses = Templates::addresses(&config);
    assert_eq!(
        addresses,
        [
            "https://texts.example.org/subject",
            "https://texts.example.org/html"
        ]
    );
    let documents = Documents::from([
        (
            addresses[0].clone(),
            Ok("from afar {{ .LoginCode }}".to_owned()),
        ),
        (addresses[1].clone(), Err("503".to_owned())),
    ]);
    let (templates, problems) = Templates::load(&config, &documents);
    let rendered = email(
        &templates,
        &TemplateData::sample(TemplateType::LoginCodeValid),
    );
    assert_eq!(rendered.subject, "from afar 123456");
    assert_eq!(
        problems[0].to_string(),
        "https://texts.example.org/html: 503"
    );
    let (_, problems) = Templates::load(&config, &Documents::new());
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_directory_replaces_the_parts_it_has() {
    let folder = Folder::new(
        "override",
        &[
            (
                "recovery_code/valid/email.body.plaintext.gotmpl",
                "{{ template \"email.body.plaintext.de.gotmpl\" . }}!",
            ),
            (
                "recovery_code/valid/email.body.plaintext.de.gotmpl",
                "Hallo {{ .RecoveryCode }}",
            ),
            (
                "login_code/valid/sms.body.gotmpl",
                "{{ template \"en\" . }}",
            ),
            (
                "login_code/valid/sms.body.en.gotmpl",
                "{{ define \"en\" }}Hi {{ .LoginCode }}{{ end }}",
            ),
            (
                "login_code/valid/email.body.gotmpl",
                "<i>{{ .LoginCode }}</i>",
            ),
            ("login_code/valid/email.body.plaintext.gotmpl", "{{ no such"),
        ],
    );
    let config = courier(&json!({
        "template_override_path": folder.0,
        "templates": {"login_code": {"valid": {"email": {"subject": inline("both")}}}},
    }));
    let (templates, problems) = Templates::load(&config, &Documents::new());
    assert_eq!(problems.len(), 1, "{problems:?}");
    let recovery = TemplateData::sample(TemplateType::RecoveryCodeValid);
    let rendered = email(&templates, &recovery);
    assert_eq!(rendered.text, "Hallo 123456!");
    assert_eq!(rendered.html, email(&Templates::builtin(), &recovery).html);
    let login = TemplateData::sample(TemplateType::LoginCodeValid);
    let rendered = email(&templates, &login);
    assert_eq!(
        (rendered.subject.as_str(), rendered.html.as_deref()),
        ("both", Some("<i>123456</i>"))
    );
    assert!(rendered.text.starts_with("Hello,"));
    assert_eq!(
        templates.render(TemplateChannel::Sms, &login).unwrap().text,
        "Hi 123456"
    );
}

#[test]
fn the_configuration_goes_before_the_directory() {
    let folder = Folder::new(
        "order",
        &[("recovery_code/valid/email.subject.gotmpl", "directory")],
    );
    let own = json!({"recovery_code": {"valid": {"email": {"subject": inline("configuration")}}}});
    let config = courier(&json!({"template_override_path": folder.0, "templates": own}));
    let (templates, _) = Templates::load(&config, &Documents::new());
    let data = TemplateData::sample(TemplateType::RecoveryCodeValid);
    assert_eq!(email(&templates, &data).subject, "configuration");
}

#[test]
fn endless_templates_end() {
    let nested = "{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}x{{ end }}{{ end }}{{ end }}";
    let (templates, _) = with_own(&json!({"email": {"subject": inline(nested)}}));
    let rendered = email(
        &templates,
        &TemplateData::sample(TemplateType::RecoveryCodeValid),
    );
    assert_eq!(rendered.problems.len(), 1);
}

/// Leaves every message in the temporary directory, for looking at them while working on the texts.
#[test]
#[ignore = "writes files to look at"]
fn write_messages() {
    let folder = std::env::temp_dir().join("ipse-mails");
    std::fs::create_dir_all(&folder).unwrap();
    let templates = Templates::builtin();
    for template_type in TemplateType::ALL {
        let data = TemplateData::sample(template_type);
        let rendered = email(&templates, &data);
        let sms = templates.render(TemplateChannel::Sms, &data).unwrap().text;
        let text = format!("{}\n\n{}\n---\n{sms}\n", rendered.subject, rendered.text);
        std::fs::write(folder.join(format!("{template_type}.txt")), text).unwrap();
        std::fs::write(
            folder.join(format!("{template_type}.html")),
            rendered.html.unwrap(),
        )
        .unwrap();
    }
}
