//! `top` in a pseudo-terminal.

use crate::support::{PATIENCE, Scene, Signal, eventually};
use powerhose_harness::{Killed, is_stopped, until};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

const ROWS: u16 = 30;
const COLUMNS: u16 = 140;

/// A terminal with a program in it.
struct Terminal {
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
    closed: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    child: Killed,
}

impl Terminal {
    fn start(command: &mut Command) -> Terminal {
        let controller =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("it is ours");
        tcsetwinsize(&controller, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("a size");
        let name = ptsname(&controller, Vec::new()).expect("a name").into_string().expect("ASCII");
        let side = || OpenOptions::new().read(true).write(true).open(&name).expect("its other side");
        command.stdin(side()).stdout(side()).stderr(side()).env("TERM", "xterm");
        let child = command.spawn().expect("it starts");
        let keyboard = File::from(controller);
        let mut screen = keyboard.try_clone().expect("a descriptor");
        let shown: Arc<Mutex<Vec<u8>>> = Arc::default();
        let closed: Arc<AtomicBool> = Arc::default();
        let (sink, is_closed) = (shown.clone(), closed.clone());
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !is_closed.load(Ordering::Relaxed) {
                let moment = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
                if poll(&mut [PollFd::new(&screen, PollFlags::IN)], Some(&moment)) == Ok(0) {
                    continue;
                }
                // The end of the program is an error here.
                let Ok(read @ 1..) = screen.read(&mut buffer) else { break };
                sink.lock().expect("nobody panics with it").extend_from_slice(&buffer[..read]);
            }
        });
        // The program alone holds the other side: with ours, it would never end.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Terminal { keyboard, shown, closed, reader: Some(reader), child: Killed(child) }
    }

    /// The screen of before is shown again. What the program wrote last may be read after its end was noticed.
    #[track_caller]
    fn is_as_it_was(&self) {
        eventually("the screen before", || {
            let drawn = self.shown.lock().expect("nobody panics with it").clone();
            let left = String::from_utf8_lossy(&drawn).into_owned();
            (left.contains("\u{1b}[?1049h") && left.contains("\u{1b}[?1049l")).then_some(())
        });
    }

    /// Closes the terminal, as a lost connection does: nothing is left of our side.
    fn close(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        self.reader.take().expect("it is closed once").join().expect("it does not panic");
        self.keyboard = File::open("/dev/null").expect("it is always there");
    }

    /// What is on the screen now.
    fn text(&self) -> String {
        let bytes = self.shown.lock().expect("nobody panics with it").clone();
        Screen::after(&String::from_utf8_lossy(&bytes)).text()
    }

    #[track_caller]
    fn shows(&self, what: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.text().contains(what) {
            assert!(Instant::now() < until, "`{what}` is never shown: {}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn press(&mut self, key: &str) {
        self.keyboard.write_all(key.as_bytes()).expect("somebody reads");
    }
}

/// As much of a terminal as is needed to read what was drawn on it.
struct Screen {
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn after(drawn: &str) -> Screen {
        let cells = vec![vec![' '; COLUMNS.into()]; ROWS.into()];
        let mut screen = Screen { cells, row: 0, column: 0 };
        let mut characters = drawn.chars();
        while let Some(character) = characters.next() {
            match character {
                '\u{1b}' => {
                    let sequence: String = characters.by_ref().take(1).collect();
                    if sequence == "[" {
                        screen.obey(&mut characters);
                    }
                }
                '\r' => screen.column = 0,
                '\n' => screen.row += 1,
                character => screen.put(character),
            }
        }
        screen
    }

    /// A control sequence: only those that move and clear matter.
    fn obey(&mut self, characters: &mut std::str::Chars<'_>) {
        let mut parameters = String::new();
        for character in characters.by_ref() {
            match character {
                'H' => {
                    let mut numbers = parameters.split(';').map(|number| number.parse().unwrap_or(1));
                    self.row = numbers.next().unwrap_or(1) - 1;
                    self.column = numbers.next().unwrap_or(1) - 1;
                    return;
                }
                'J' => return self.cells.iter_mut().for_each(|row| row.fill(' ')),
                character if character.is_ascii_alphabetic() => return,
                character => parameters.push(character),
            }
        }
    }

    fn put(&mut self, character: char) {
        if let Some(cell) = self.cells.get_mut(self.row).and_then(|row| row.get_mut(self.column)) {
            *cell = character;
        }
        self.column += 1;
    }

    fn text(&self) -> String {
        self.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
    }
}

#[test]
fn execute_ends_a_reply_on_a_terminal_with_its_line_and_says_that_it_reads_from_one() {
    let scene = Scene::new();
    let _run = scene.run_workers(1, &[], &["--", "cat"]);
    let terminal = Terminal::start(&mut scene.command(&["execute", "reply"]));
    eventually("a whole line", || {
        terminal.shown.lock().expect("nobody panics with it").ends_with(b"reply\r\n").then_some(())
    });
    let mut terminal = Terminal::start(&mut scene.command(&["execute"]));
    terminal.shows("Ctrl-D ends it");
    terminal.press("typed\n\u{4}");
    terminal.child.ended();
}

#[test]
fn top_shows_pools_and_workers_sorts_them_and_leaves_the_terminal_as_it_was() {
    let scene = Scene::new();
    let run = scene.run_workers(2, &["--pool", "sign"], &["--", "cat"]);
    let pids = scene.worker_pids();
    let mut terminal = Terminal::start(&mut scene.command(&["top", "--interval", "100ms"]));
    terminal.shows(&format!("master {}", run.id()));
    terminal.shows("sign");
    terminal.shows(&pids[0].to_string());
    terminal.shows(&pids[1].to_string());
    terminal.shows("WORKER^");
    terminal.press("s");
    terminal.shows("STATE^");
    terminal.press("r");
    terminal.shows("STATEv");
    assert_eq!(scene.run(&["execute", "--pool", "sign", "x"]).status, 0);
    terminal.press("q");
    let status = terminal.child.ended();
    assert!(status.success(), "{status}");
    terminal.is_as_it_was();
}

/// A program that reads from a closed terminal for ever takes a core, unseen.
#[test]
fn top_ends_when_its_terminal_is_closed() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let mut terminal = Terminal::start(&mut scene.command(&["top", "--interval", "100ms"]));
    terminal.shows(&format!("master {}", run.id()));
    terminal.close();
    terminal.child.ended();
}

#[test]
fn top_goes_on_when_the_master_is_gone_and_comes_back() {
    let scene = Scene::new();
    let run = scene.run_workers(1, &[], &["--", "cat"]);
    let mut terminal = Terminal::start(&mut scene.command(&["top", "--interval", "100ms"]));
    terminal.shows(&format!("master {}", run.id()));
    run.signal(Signal::TERM);
    terminal.shows("no master");
    let next = scene.run_workers(1, &[], &["--", "cat"]);
    terminal.shows(&format!("{}", next.id()));
    terminal.press("\u{3}");
    let status = terminal.child.ended();
    assert!(status.success(), "{status}");
}

/// The letter by which the system tells what a process does: `S` sleeps, `R` runs, `T` is stopped.
/// A shell whose terminal this is, and what it runs.
fn shell(scene: &Scene, script: &str) -> Command {
    let command = scene.command(&[]);
    let program = command.get_program().to_owned();
    let mut shell = Command::new("setsid");
    // A run of the tests that outlives its own terminal (`nohup`) ignores the signal that tells of a closed one.
    shell.args(["--ctty", "env", "--default-signal=HUP", "sh", "-c", script]);
    shell.env("PROGRAM", program).current_dir(scene.folder());
    shell.env("POWERHOSE_ENDPOINT", scene.endpoint());
    shell
}

fn pid_in(scene: &Scene, name: &str) -> u32 {
    eventually("a process id", || std::fs::read_to_string(scene.path(name)).ok()?.trim().parse().ok())
}

#[test]
fn in_the_background_of_a_terminal_that_wants_silence_it_is_stopped_and_loses_no_worker() {
    let scene = Scene::new();
    let script = "stty tostop; set -m; \"$PROGRAM\" run --workers 2 -- \"$PROGRAM\" work -- cat &\n\
                  echo $! > pid; read line; stty -tostop; kill -CONT $(cat pid); read line";
    let mut terminal = Terminal::start(&mut shell(&scene, script));
    let run = pid_in(&scene, "pid");
    until("it to be stopped", || is_stopped(run));
    terminal.press("\n");
    scene.workers_are(2);
    crate::support::signal(run, Signal::TERM);
    eventually("its end", || (!crate::support::is_running(run)).then_some(()));
    terminal.press("\n");
    terminal.child.ended();
}

/// The program is in a process group of its own.
#[test]
fn a_program_of_work_may_write_to_a_terminal_that_wants_silence() {
    let scene = Scene::new();
    let _master = scene.start(&["master"]);
    let script = "stty tostop; exec \"$PROGRAM\" work --lines -- \
                  sh -c 'while read line; do echo aside >&2; echo \"got $line\"; done'";
    let mut terminal = Terminal::start(&mut shell(&scene, script));
    scene.workers_are(1);
    let ran = scene.run(&["execute", "--timeout", "60s", "x"]);
    assert_eq!((ran.status, &*ran.stdout), (0, "got x"), "{ran:?}");
    terminal.shows("aside");
    scene.run(&["stop", "all"]);
    terminal.child.ended();
}

#[test]
fn top_leaves_the_terminal_as_it_was_whatever_signal_ends_it() {
    let scene = Scene::new();
    let master = scene.start(&["master"]);
    scene.workers_are(0);
    for signal in [Signal::INT, Signal::QUIT, Signal::TERM, Signal::HUP] {
        let mut terminal = Terminal::start(&mut scene.command(&["top", "--interval", "100ms"]));
        terminal.shows(&format!("master {}", master.id()));
        crate::support::signal(terminal.child.0.id(), signal);
        let status = terminal.child.ended();
        assert!(status.success(), "{signal:?}: {status}");
        terminal.is_as_it_was();
    }
}

#[test]
fn it_ends_in_good_order_when_its_terminal_is_closed() {
    let scene = Scene::new();
    let script = "echo $$ > pid; exec \"$PROGRAM\" run --workers 1 -- \"$PROGRAM\" work -- cat";
    let mut terminal = Terminal::start(&mut shell(&scene, script));
    scene.workers_are(1);
    terminal.close();
    let status = terminal.child.ended();
    assert_eq!(status.code(), Some(0), "{status}");
    assert!(!scene.path("m.ipc").exists(), "the socket is gone");
}
