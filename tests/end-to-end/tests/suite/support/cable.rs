//! A cable between a process and its master that can be pulled out: neither end is told.

use super::numbered;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub(crate) struct Cable {
    /// Where it leads to the master from.
    pub(crate) endpoint: String,
    pulled: Arc<AtomicBool>,
}

impl Cable {
    /// To a master's `ipc://` endpoint, from a socket in this folder.
    #[track_caller]
    pub(crate) fn to(master: &str, folder: &Path) -> Cable {
        let master = master.strip_prefix("ipc://").expect("it listens there").to_owned();
        let path = numbered(folder, "cable");
        let listener = UnixListener::bind(&path).expect("a path of its own");
        let pulled = Arc::new(AtomicBool::new(false));
        let cable = Cable { endpoint: format!("ipc://{}", path.display()), pulled: pulled.clone() };
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = UnixStream::connect(&master) else { continue };
                connect(&near, &far, &pulled);
                connect(&far, &near, &pulled);
            }
        });
        cable
    }

    /// From now on nothing comes through, and nothing ends.
    pub(crate) fn pull(&self) {
        self.pulled.store(true, Ordering::Relaxed);
    }
}

fn connect(from: &UnixStream, to: &UnixStream, pulled: &Arc<AtomicBool>) {
    let again = |stream: &UnixStream| stream.try_clone().expect("another descriptor");
    let (mut from, mut to, pulled) = (again(from), again(to), pulled.clone());
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if !pulled.load(Ordering::Relaxed) && to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    });
}
