//! Encrypted endpoints. libzmq has them only where it was built so: `scripts/test-curve` makes such a build, and runs these
//! tests with the feature `curve-tests`; every other build is to say that it has none.

use powerhose::{BindError, ConnectError, CurveClient, CurveKey, CurveKeyPair, CurveServer, JobRunner};

fn key(number: u8) -> CurveKey {
    CurveKey::new([number; 32])
}

fn any_server() -> CurveServer {
    CurveServer { own: CurveKeyPair { public: key(1), secret: key(2) }, allowed: vec![key(3)] }
}

#[cfg(not(feature = "curve-tests"))]
mod without {
    use super::*;

    #[test]
    fn a_master_says_that_this_build_cannot_encrypt() {
        let bound = JobRunner::builder().endpoint("tcp://127.0.0.1:0").curve(any_server()).bind();
        assert!(matches!(bound, Err(BindError::NoCurve)), "{bound:?}");
    }

    #[test]
    fn a_client_says_that_this_build_cannot_encrypt() {
        let own = CurveKeyPair { public: key(3), secret: key(4) };
        let client = CurveClient { server: key(1), own };
        let connected = JobRunner::connector("tcp://127.0.0.1:1").curve(client).connect();
        assert!(matches!(connected, Err(ConnectError::NoCurve)), "{connected:?}");
    }
}

#[cfg(feature = "curve-tests")]
mod with {
    use super::*;
    use powerhose::Endpoint;
    use powerhose_harness::Process;
    use std::fmt::Write as _;
    use std::process::Command;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(30);
    /// How long it is tried to get in where nobody may.
    const IN_VAIN: Duration = Duration::from_secs(1);

    fn new_pair() -> CurveKeyPair {
        let pair = zmq::CurveKeyPair::new().expect("this build has CURVE");
        CurveKeyPair { public: CurveKey::new(pair.public_key), secret: CurveKey::new(pair.secret_key) }
    }

    /// A master that lets a worker and a client in, over TCP with encryption and over a local socket without.
    struct Scene {
        runner: JobRunner,
        server: CurveKey,
        worker: CurveKeyPair,
        client: CurveKeyPair,
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Scene {
            let folder = tempfile::tempdir().expect("a folder");
            let (own, worker, client) = (new_pair(), new_pair(), new_pair());
            let server = own.public;
            let keys = CurveServer { own, allowed: vec![worker.public, client.public] };
            let local = format!("ipc://{}", folder.path().join("master.ipc").display());
            let builder = JobRunner::builder().endpoint("tcp://127.0.0.1:0").endpoint(local);
            let runner = builder.curve(keys).bind().expect("a master");
            Scene { runner, server, worker, client, folder }
        }

        fn tcp(&self) -> String {
            self.runner.endpoints()[0].to_string()
        }

        fn local(&self) -> String {
            self.runner
                .endpoints()
                .iter()
                .find(|place| matches!(place, Endpoint::Ipc(_)))
                .expect("one")
                .to_string()
        }

        fn keys(&self, own: &CurveKeyPair) -> CurveClient {
            CurveClient { server: self.server, own: own.clone() }
        }

        /// A worker process whose keys are in a file, as an operator would have them.
        fn start_worker(&self) -> Process {
            let file = self.folder.path().join("worker.keys");
            let CurveKeyPair { public, secret } = &self.worker;
            let mut text = String::new();
            for (name, key) in [("server", &self.server), ("public", public), ("secret", secret)] {
                writeln!(text, "{name} {}", key.to_z85()).expect("a string takes all");
            }
            std::fs::write(&file, text).expect("a file");
            let mut command = Command::new(env!("CARGO_BIN_EXE_commands-worker"));
            command.env("POWERHOSE_ENDPOINT", self.tcp()).env("POWERHOSE_CURVE_FILE", file);
            Process::start(self.folder.path(), &mut command)
        }
    }

    #[test]
    fn a_job_goes_the_whole_way_encrypted() {
        let scene = Scene::new();
        let _worker = scene.start_worker();
        scene.runner.wait_for_workers(1, PATIENCE).expect("the worker's key is on the list");
        let client =
            JobRunner::connector(scene.tcp()).curve(scene.keys(&scene.client)).connect().expect("in");
        assert_eq!(client.execute(b"secret").expect("a reply"), b"secret");
    }

    #[test]
    fn a_client_that_is_not_on_the_list_does_not_get_in() {
        let scene = Scene::new();
        let stranger = scene.keys(&new_pair());
        let connector = JobRunner::connector(scene.tcp()).curve(stranger).connect_timeout(IN_VAIN);
        assert!(matches!(connector.connect(), Err(ConnectError::Unreachable { .. })));
    }

    #[test]
    fn a_client_without_keys_does_not_get_in_over_tcp_but_does_over_the_local_socket() {
        let scene = Scene::new();
        let plain = JobRunner::connector(scene.tcp()).connect_timeout(IN_VAIN).connect();
        assert!(matches!(plain, Err(ConnectError::Unreachable { .. })), "{plain:?}");
        JobRunner::connect(scene.local()).expect("files' permissions guard that one");
    }

    #[test]
    fn a_client_does_not_speak_with_a_master_that_has_another_key() {
        let scene = Scene::new();
        let keys = CurveClient { server: new_pair().public, own: scene.client.clone() };
        let connected = JobRunner::connector(scene.tcp()).curve(keys).connect_timeout(IN_VAIN).connect();
        assert!(matches!(connected, Err(ConnectError::Unreachable { .. })), "{connected:?}");
    }

    #[test]
    fn a_list_without_keys_is_refused() {
        let keys = CurveServer { allowed: Vec::new(), ..any_server() };
        let bound = JobRunner::builder().endpoint("tcp://127.0.0.1:0").curve(keys).bind();
        assert!(matches!(bound, Err(BindError::BadSetting { .. })), "{bound:?}");
    }
}
