//! `ipse migrate`, and servers that meet tables of another version.

use std::process::Command;

use super::Site;
use crate::process::Process;

/// The program, told to bring the tables up to date itself.
fn migrating() -> Command {
    let mut shell = Command::new("sh");
    let script = "shift; exec \"$0\" serve --migrate \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_ipse")]);
    shell
}

#[test]
fn tables_are_planned_then_made_then_served() {
    let Some(site) = Site::bare(&[]) else { return };
    let (up_to_date, told) = site.ipse(&["migrate", "status"]);
    assert!(
        !up_to_date && told.contains("0001 initial: pending"),
        "{told}"
    );
    assert!(told.contains("ipse migrate run"), "{told}");

    let directory = site.directory();
    let mut refused = Process::spawn(&directory, Command::new(env!("CARGO_BIN_EXE_ipse")));
    assert!(!refused.ready_or_ended().unwrap().success());
    assert!(
        directory.log().contains("ipse migrate run"),
        "{}",
        directory.log()
    );

    let (planned, plan) = site.ipse(&["migrate", "plan"]);
    assert!(
        planned && plan.contains("0001 initial:\n  CREATE TABLE identities\n"),
        "{plan}"
    );
    assert!(
        plan.contains("rows: 0; locks: nothing that others use"),
        "{plan}"
    );
    assert_eq!(
        site.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        ["0"]
    );

    // As the reference is called.
    let (done, told) = site.ipse(&["migrate", "sql", "-e", "--yes"]);
    assert!(done && told.contains("0001 initial: done"), "{told}");
    let (up_to_date, told) = site.ipse(&["migrate", "status"]);
    assert!(up_to_date && told.contains("up to date"), "{told}");
    let (planned, plan) = site.ipse(&["migrate", "plan"]);
    assert_eq!(
        (planned, plan.as_str()),
        (true, "The database is up to date.\n")
    );
    let (again, _) = site.ipse(&["migrate", "run"]);
    assert!(again, "doing it twice does no harm");
    Process::start(&directory);
}

#[test]
fn nodes_that_start_together_migrate_once() {
    let Some(site) = Site::bare(&[]) else { return };
    let directories = [site.directory(), site.directory(), site.directory()];
    let nodes = directories
        .each_ref()
        .map(|directory| Process::spawn(directory, migrating()));
    for (node, directory) in nodes.into_iter().zip(&directories) {
        node.ready(directory);
    }
    let twice = "SELECT version FROM schema_migrations GROUP BY version HAVING count(*) > 1";
    assert!(site.sql(twice).is_empty());
    assert!(site.ipse(&["migrate", "status"]).0);
    let log = directories.map(|directory| directory.log()).concat();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

#[test]
fn tables_of_a_newer_version_are_refused() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    site.sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'future')");
    let directory = site.directory();
    let mut refused = Process::spawn(&directory, migrating());
    assert!(!refused.ready_or_ended().unwrap().success());
    assert!(directory.log().contains("9999"), "{}", directory.log());
    assert!(!site.ipse(&["migrate", "plan"]).0);
}

#[test]
fn a_node_may_start_again_while_newer_ones_take_over() {
    let Some(site) = Site::migrated(&[]) else {
        return;
    };
    site.sql(
        "INSERT INTO schema_migrations (version, name, usable_from) VALUES (9999, 'future', 1)",
    );
    let directory = site.directory();
    Process::start(&directory);
    assert!(site.ipse(&["migrate", "status"]).0);
}
