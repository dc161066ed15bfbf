//! `token-server admin`, the real program.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::databases::{Database, assign, on_both};

on_both!(nodes_are_looked_after, users_are_looked_after, faults_are_named);

const ONE: &str = "https://one.example";
const TWO: &str = "https://two.example";
const COMMANDS: [&str; 8] = [
    "add-service",
    "add-node",
    "update-node",
    "remove-node",
    "unassign-node",
    "list-nodes",
    "retire-user",
    "purge-old-records",
];

fn admin(database: &Database, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_token-server"));
    command.args(["admin", "--database", &database.url]).args(arguments).output().unwrap()
}

/// The JSON lines that it prints.
fn done(database: &Database, arguments: &[&str]) -> Vec<Value> {
    let output = admin(database, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn nodes_are_looked_after(database: Database) {
    done(&database, &["add-node", "sync-1.5", ONE, "100"]);
    done(&database, &["add-node", "sync-1.5", TWO, "7", "--state", "backoff", "--current-load", "3"]);
    let (up, backoff) = (("up", 100, 0, 10), ("backoff", 7, 3, 1));
    let shown = |node, (state, capacity, current_load, available): (&str, i64, i64, i64)| json!({"node": node, "state": state, "capacity": capacity, "current_load": current_load, "available": available});
    assert_eq!(done(&database, &["list-nodes", "sync-1.5"]), [shown(ONE, up), shown(TWO, backoff)]);
    done(&database, &["update-node", "sync-1.5", ONE, "--state", "downed", "--available", "0"]);
    done(&database, &["update-node", "sync-1.5", TWO, "--state", "up", "--capacity", "9"]);
    let changed = [shown(ONE, ("downed", 100, 0, 0)), shown(TWO, ("up", 9, 3, 1))];
    assert_eq!(done(&database, &["list-nodes", "sync-1.5"]), changed);
    assert_eq!(done(&database, &["remove-node", "sync-1.5", ONE]), [json!({"unassigned": 0})]);
    assert_eq!(done(&database, &["list-nodes", "sync-1.5"]), changed[1..]);
    done(&database, &["add-service", "queue-1.0", "{node}/{uid}"]);
    assert_eq!(done(&database, &["list-nodes", "queue-1.0"]), [json!(null); 0]);
    done(&database, &["add-node", "queue-1.0", TWO, "1"]);
}

async fn users_are_looked_after(database: Database) {
    done(&database, &["add-node", "sync-1.5", ONE, "100"]);
    let store = database.store().await;
    let first = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!(done(&database, &["unassign-node", "sync-1.5", ONE]), [json!({"unassigned": 1})]);
    done(&database, &["add-node", "sync-1.5", TWO, "100"]);
    let second = assign(&store, "a@example.org", (10, 5), "aa").await.unwrap();
    assert_eq!(second.node, TWO);

    let old = [json!({"uid": first.uid, "node": ONE})];
    assert_eq!(
        done(&database, &["purge-old-records", "sync-1.5"]),
        [json!(null); 0],
        "a week has not passed"
    );
    let now = ["purge-old-records", "sync-1.5", "--grace", "0"];
    assert_eq!(done(&database, &[&now[..], &["--dry-run"]].concat()), old);
    assert_eq!(done(&database, &[&now[..], &["--records-max", "0"]].concat()), [json!(null); 0]);
    assert_eq!(done(&database, &now), old);
    let loads = done(&database, &["list-nodes", "sync-1.5"]);
    assert_eq!((&loads[0]["current_load"], &loads[1]["current_load"]), (&json!(0), &json!(1)));

    done(&database, &["retire-user", "a@example.org"]);
    assign(&store, "a@example.org", (11, 6), "aa").await.unwrap_err();
    assert_eq!(done(&database, &now), [json!({"uid": second.uid, "node": TWO})]);
}

async fn faults_are_named(database: Database) {
    done(&database, &["add-node", "sync-1.5", ONE, "100", "--database", &database.url]);
    for (arguments, said) in [
        (&["add-node", "sync-1.5", ONE, "1"][..], "update-node"),
        (&["add-node", "sync-2", ONE, "1"], "add-service"),
        (&["add-node", "sync-1.5", "one.example", "1"], "a node is a URL"),
        (&["add-node", "sync-1.5", "https://one.example/", "1"], "a node is a URL"),
        (&["add-node", "sync-1.5", TWO, "2147483648"], "2147483647"),
        (&["update-node", "sync-1.5", TWO, "--capacity", "1"], "no node \"https://two.example\""),
        (&["update-node", "sync-1.5", ONE, "--available=-1"], "numbers of users"),
        (&["remove-node", "sync-1.5", TWO], "no node"),
        (&["unassign-node", "sync-1.5", TWO], "no node"),
        (&["list-nodes", "sync-2"], "no service \"sync-2\""),
        (&["retire-user", "a@example.org"], "no user"),
        (&["add-service", "sync-1.5", "{node}"], "already"),
        (&["purge-old-records", "sync-2"], "no service"),
    ] {
        let output = admin(&database, arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.contains(said)), (Some(1), true), "{arguments:?}: {error}");
    }
}

#[test]
fn each_command_explains_itself() {
    let explain = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_token-server")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = explain(&["admin", "--help"]);
    for command in COMMANDS {
        assert!(all.contains(command), "{command}");
        assert!(explain(&["admin", command, "--help"]).contains("Usage: token-server admin"), "{command}");
    }
}
