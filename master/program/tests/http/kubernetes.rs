//! The manifest for Kubernetes, as far as it runs without one: what its containers are told to run, the probes, and the names
//! by which Prometheus and people ask. Only paths, ports and the namespace are put in their places.

use crate::support::{Process, Scene, eventually};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

fn manifest(scene: &Scene) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/powerhose.yaml");
    let text = std::fs::read_to_string(path).expect("the manifest");
    let folder = scene.folder().display().to_string();
    text.replace("/run/powerhose", &folder)
        .replace("/etc/powerhose", &folder)
        .replace("$(NAMESPACE)", "prod")
        .replace("0.0.0.0:7000", "127.0.0.1:0")
        .replace("0.0.0.0:9464", "0.0.0.0:0")
}

/// The arguments of the master: a list, an item a line.
fn master_arguments(manifest: &str) -> Vec<String> {
    let (_, list) = manifest.split_once("          args:\n").expect("the master has arguments");
    let list = list.lines().take_while(|line| line.starts_with("            "));
    list.filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect()
}

/// The words of the lists in brackets behind this name.
fn lists(manifest: &str, name: &str) -> Vec<Vec<String>> {
    let places = manifest.match_indices(name).map(|(place, _)| &manifest[place + name.len()..]);
    let inner = places.filter_map(|rest| rest.trim_start().strip_prefix('[')?.split_once(']'));
    inner.map(|(words, _)| words.split(", ").map(str::to_owned).collect()).collect()
}

fn start(scene: &Scene, arguments: &[String], secret: &str) -> Process {
    let mut command = scene.command(&[]);
    command.args(arguments).env("POWERHOSE_ENDPOINT", endpoint(scene));
    command.env("POWERHOSE_SECRET_FILE", scene.path(secret));
    Process::start(scene.folder(), &mut command)
}

fn endpoint(scene: &Scene) -> String {
    format!("ipc://{}", scene.path("master.ipc").display())
}

/// What the log says under this name, in the first line that has it and this text.
fn logged(process: &Process, name: &str, with: &str) -> String {
    eventually(name, || {
        let log = process.log();
        let mut entries = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        entries.find_map(|entry| entry[name].as_str().filter(|text| text.contains(with)).map(str::to_owned))
    })
}

/// The first line of the answer to whoever asks this port by that name.
fn asked_as(host: &str, port: &str) -> String {
    let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).expect("it listens");
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_manifest_runs_a_master_that_is_probed_scraped_and_served() {
    let scene = Scene::new();
    scene.file("workers", &"w".repeat(64));
    scene.file("clients", &"c".repeat(64));
    let manifest = manifest(&scene);
    let master = start(&scene, &master_arguments(&manifest), "clients");
    let tcp = logged(&master, "endpoint", "tcp://");
    let page = logged(&master, "address", ":");
    let port = page.rsplit(':').next().expect("a port");

    let names =
        ["powerhose", "powerhose.prod", "powerhose.prod.svc", "powerhose.prod.svc.cluster.local:9464"];
    for host in names.into_iter().chain(["10.1.2.3:9464", "[fd00::5]:9464"]) {
        assert_eq!(asked_as(host, port), "HTTP/1.1 200 OK", "{host}");
    }
    assert!(!asked_as("powerhose.evil.example", port).contains("200"));

    let probes = lists(&manifest, "exec: {command:");
    assert_eq!(probes.len(), 3, "start, life and readiness are probed");
    for probe in probes {
        let mut probe = start(&scene, &probe[1..], "clients");
        assert_eq!(probe.status(), 0, "{}", probe.log());
    }

    let mut workers = lists(&manifest, "args:").pop().expect("the workers have arguments");
    workers.iter_mut().for_each(|word| {
        *word = word.replace("tcp://powerhose:7000", &tcp);
        // In the image it is on the path.
        if word == "powerhose" {
            *word = env!("CARGO_BIN_EXE_powerhose").to_owned();
        }
    });
    let _workers = start(&scene, &workers, "workers");
    let execute = ["execute", "--timeout", "60s", "hello"].map(str::to_owned);
    // A pool that nobody has offered yet is not waited for any longer than it takes to say so.
    let output = eventually("the reply", || {
        let mut execute = start(&scene, &execute, "clients");
        (execute.status() == 0).then(|| execute.output())
    });
    assert_eq!(output.trim(), "5");
}
