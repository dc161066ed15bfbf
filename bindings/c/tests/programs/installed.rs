//! The library, as `scripts/install-c` installs it, of what cargo has built for these tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, fs};

/// Where it is installed.
pub(crate) struct Installed(PathBuf);

impl Installed {
    /// The one of these tests.
    pub(crate) fn shared() -> &'static Installed {
        static INSTALLED: OnceLock<Installed> = OnceLock::new();
        INSTALLED.get_or_init(|| {
            let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("powerhose");
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/install-c");
            super::tools::output(Command::new(script).arg(&prefix).arg(archive()).env_remove("DESTDIR"));
            Installed(prefix)
        })
    }

    pub(crate) fn libraries(&self) -> PathBuf {
        self.0.join("lib")
    }

    pub(crate) fn includes(&self) -> PathBuf {
        self.0.join("include")
    }
}

/// The static library beside this very program: the newest, where several builds left one.
fn archive() -> PathBuf {
    let own = env::current_exe().expect("the test is a program");
    let folder = own.parent().expect("it lies in a folder");
    let entries = fs::read_dir(folder).expect("it can be read").filter_map(Result::ok);
    let archives = entries.filter(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with("libpowerhose_c") && name.ends_with(".a")
    });
    let made_at =
        |path: &PathBuf| fs::metadata(path).and_then(|of| of.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    archives.map(|entry| entry.path()).max_by_key(made_at).expect("cargo builds it before these tests")
}
