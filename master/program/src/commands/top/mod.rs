//! `powerhose top`: what a master does now, again and again, on the whole terminal.

mod screen;
mod view;

use crate::connection::{knock, operator};
use crate::exit::{Exit, Failure, Outcome};
use crate::options::common::CommonOptions;
use crate::options::values::duration;
use crate::state::add_memory;
use clap::Args;
use powerhose::Operator;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use view::{Snapshot, View};

/// How long the master has to answer.
const WITHIN: Duration = Duration::from_secs(2);
/// How often to look whether a signal wants us to end.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Flags of `top`.
#[derive(Args, Debug)]
pub(crate) struct TopOptions {
    /// How often to ask the master.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1s")]
    interval: Duration,
}

/// Until `q`.
pub(super) fn top(common: &CommonOptions, options: &TopOptions) -> Outcome {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "top needs a terminal; `powerhose status` prints the same once",
        ));
    }
    knock(common)?;
    let operator = operator(common, WITHIN)?;
    let asked_to_end = Arc::new(AtomicBool::new(false));
    // SIGINT and SIGQUIT of processes: from the keyboard they come as keys.
    for signal in [SIGTERM, SIGHUP, SIGINT, SIGQUIT] {
        signal_hook::flag::register(signal, asked_to_end.clone())
            .map_err(|error| Failure::system("watch for signals", error))?;
    }
    let mut terminal = ratatui::try_init().map_err(|error| Failure::system("use the terminal", error))?;
    let top = Top { operator, view: View::default(), interval: options.interval, asked_to_end };
    let ended = top.run(&mut terminal);
    ratatui::restore();
    ended.map(|()| Exit::Fine).map_err(|error| Failure::system("use the terminal", error))
}

struct Top {
    operator: Operator,
    view: View,
    interval: Duration,
    asked_to_end: Arc<AtomicBool>,
}

impl Top {
    fn run(mut self, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
        let mut ask_at = Instant::now();
        while !self.asked_to_end.load(Ordering::Relaxed) {
            if Instant::now() >= ask_at {
                let asked = self.ask();
                self.view.take(asked, Instant::now());
                ask_at = Instant::now() + self.interval;
            }
            terminal.draw(|frame| screen::draw(frame, &self.view))?;
            let wait = ask_at.saturating_duration_since(Instant::now()).min(LOOK_AGAIN_AFTER);
            if terminal_is_gone(wait)? || self.take_keys()?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn take_keys(&mut self) -> io::Result<ControlFlow<()>> {
        while event::poll(Duration::ZERO)? {
            if let Event::Key(key) = event::read()?
                && self.press(key).is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn ask(&mut self) -> Result<Snapshot, String> {
        let mut ask = |query| self.operator.ask(query).map_err(|error| error.to_string());
        Ok(Snapshot { master: ask("master")?, pools: ask("pools")?, workers: add_memory(ask("workers")?) })
    }

    fn press(&mut self, key: KeyEvent) -> ControlFlow<()> {
        if key.kind != KeyEventKind::Press {
            return ControlFlow::Continue(());
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return ControlFlow::Break(()),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                return ControlFlow::Break(());
            }
            KeyCode::Right | KeyCode::Char('s') => self.view.sort_by_next(),
            KeyCode::Left => self.view.sort_by_previous(),
            KeyCode::Char('r') => self.view.reverse(),
            KeyCode::Down => self.view.scroll_down(),
            KeyCode::Up => self.view.scroll_up(),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Waits for a key, or until the time is over. From a terminal that was closed crossterm reads for ever, at the cost of a core:
/// it is not asked any more once that has happened.
fn terminal_is_gone(wait: Duration) -> io::Result<bool> {
    let stdin = io::stdin();
    let mut terminal = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
    match poll(&mut terminal, Some(&wait)) {
        // A signal: whether it wants us to end is asked next.
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(terminal[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
}
