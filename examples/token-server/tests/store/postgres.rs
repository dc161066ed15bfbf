//! A PostgreSQL of the tests' own, on a unix socket in a temporary folder. It serves nothing else.
//!
//! A shell owns it, and ends it when this process ends, in whichever way: it then reads the end of its input.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AnyConnection, Connection, Executor};

/// Makes the cluster, says `ready`, waits for the end of the input, ends the server by its pid and removes the folder.
/// `$1` is the folder, `$2` that of the programs; what follows runs a command as a user that PostgreSQL accepts.
const OWNER: &str = r#"
folder=$1 programs=$2; shift 2
"$@" "$programs/initdb" -D "$folder/data" -U postgres --auth=trust --no-sync --encoding=UTF8 --locale=C >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$@" "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=200 >>"$folder/log" 2>&1 &
for attempt in $(seq 600); do
    "$programs/pg_isready" -q -h "$folder" && { echo ready; break; }
    sleep 0.1
done
cat >/dev/null
kill -QUIT "$(head -n 1 "$folder/data/postmaster.pid")"
wait
rm -rf "$folder"
"#;

struct Server {
    folder: PathBuf,
    /// Holds the pipe whose end is the server's.
    _owner: Child,
}

/// The URL of a new, empty database.
pub(crate) async fn new_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start);
    let name = format!("test{}", COUNT.fetch_add(1, Ordering::Relaxed));
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server.url("postgres")).await.unwrap();
    connection.execute(&*format!("CREATE DATABASE {name}")).await.unwrap();
    connection.close().await.unwrap();
    server.url(&name)
}

impl Server {
    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.display())
    }
}

fn start() -> Server {
    let folder = tempfile::Builder::new().prefix("postgres-").tempdir().unwrap().keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut owner = Command::new("sh")
        .args(["-c", OWNER, "sh"])
        .args([&folder, &programs()])
        .args(user())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(owner.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "PostgreSQL does not start: see {}", folder.join("log").display());
    Server { folder, _owner: owner }
}

/// The folder of Debian's newest, or one in the PATH.
fn programs() -> PathBuf {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort_by(|one, other| other.cmp(one));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let is_whole =
        |folder: &PathBuf| ["initdb", "pg_isready", "postgres"].iter().all(|name| folder.join(name).exists());
    folders
        .into_iter()
        .find(is_whole)
        .expect("no PostgreSQL: install it (Debian: apt-get install postgresql)")
}

/// PostgreSQL refuses to run as root.
fn user() -> &'static [&'static str] {
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root { &["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] } else { &["env"] }
}
