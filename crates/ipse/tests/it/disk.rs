//! A disk that is full, or that must not be written to.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use ipse_model::Random;

use crate::account::Account;
use crate::process::{Directory, Process, ask};

/// Somebody who may do nothing special.
const NOBODY: u32 = 65_534;

/// The program, unable to let any file grow beyond 1 MB.
fn on_a_small_disk() -> Command {
    let mut shell = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\"";
    shell.args(["-c", script, env!("CARGO_BIN_EXE_ipse")]);
    shell
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let directory = Directory::new();
    let random = Random::seeded(1);
    let mut accounts = Vec::new();
    {
        let server = Process::spawn(&directory, on_a_small_disk()).ready(&directory);
        let refused = loop {
            let mut account = Account::new(&random);
            let (status, body) = account.register(server.public).unwrap();
            accounts.push(account);
            if status != 200 {
                break (status, body);
            }
            assert!(accounts.len() < 2000, "the disk is never full");
        };
        assert_eq!(refused.0, 500, "{}", refused.1);
        assert_eq!(refused.1["error"]["code"], 500);
        assert_eq!(refused.1["error"]["id"], "storage_unwritable");
        assert!(accounts.len() > 5, "there was something to lose");
        let alive = ask(server.public, "GET /health/alive", None, None).unwrap();
        assert_eq!(alive.0, 200, "what needs no disk still works");
    }
    let server = Process::start(&directory);
    for account in &mut accounts {
        account.check(&server);
    }
}

/// The program for somebody who is bound by the permissions of files, which root isn't.
fn without_privileges(directory: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_ipse"));
    if fs::metadata(directory).unwrap().uid() != 0 {
        return Command::new(program);
    }
    // The program may lie where only root gets.
    let copy = directory.join("ipse");
    fs::copy(program, &copy).unwrap();
    let mut command = Command::new(copy);
    command.uid(NOBODY).gid(NOBODY);
    command
}

/// What a server says that doesn't start.
fn refusal(directory: &Directory, program: Command) -> String {
    let ended = Process::spawn(directory, program).ready_or_ended();
    assert!(
        ended.is_some_and(|status| !status.success()),
        "it has started:\n{}",
        directory.log()
    );
    directory.log()
}

#[test]
fn a_directory_that_is_read_only_is_named_at_the_start() {
    let directory = Directory::new();
    let program = without_privileges(directory.path());
    fs::set_permissions(directory.data(), Permissions::from_mode(0o555)).unwrap();
    let log = refusal(&directory, program);
    assert!(log.contains("db.sqlite"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_database_that_is_read_only_is_named_at_the_start() {
    let directory = Directory::new();
    drop(Process::start(&directory));
    let program = without_privileges(directory.path());
    for entry in fs::read_dir(directory.data()).unwrap() {
        fs::set_permissions(entry.unwrap().path(), Permissions::from_mode(0o444)).unwrap();
    }
    let log = refusal(&directory, program);
    assert!(log.contains("db.sqlite"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}
