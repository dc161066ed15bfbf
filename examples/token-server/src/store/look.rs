//! A look at a user's records in SQLite's file, on the thread that asks: handing it to a thread of the database's takes
//! longer than the look.
//!
//! It never waits for a lock, and knows of no error: where it cannot look at once, the usual way is taken, which can wait
//! and says what is wrong.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, Row};

use super::decide::Record;
use super::records::NEWEST;

/// Connections for looks. Each sees what others have committed before it looks, be they of another process.
#[derive(Debug)]
pub(super) struct Look {
    path: PathBuf,
    /// Those that nobody looks through now; none once the database is closed.
    free: Mutex<Option<Vec<Connection>>>,
}

impl Look {
    pub(super) fn new(path: PathBuf) -> Look {
        Look { path, free: Mutex::new(Some(Vec::new())) }
    }

    /// The user's newest records; `None` where the usual way has to be taken.
    pub(super) fn newest(&self, service: i64, email: &str) -> Option<Vec<Record>> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).as_mut()?.pop();
        let connection = free.or_else(|| self.open().ok())?;
        let records = newest(&connection, service, email).ok()?;
        if let Some(free) = &mut *self.free.lock().unwrap_or_else(PoisonError::into_inner) {
            free.push(connection);
        }
        Some(records)
    }

    pub(super) fn close(&self) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        // Were it open for reading only, it could not bring the file into order when it is the last one to close it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(std::time::Duration::ZERO)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

fn newest(connection: &Connection, service: i64, email: &str) -> rusqlite::Result<Vec<Record>> {
    let mut statement = connection.prepare_cached(NEWEST)?;
    statement.query_map((email, service), record)?.collect()
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        uid: row.get(0)?,
        node_id: row.get(1)?,
        node: row.get(2)?,
        generation: row.get(3)?,
        keys_changed_at: row.get::<_, Option<i64>>(4)?.unwrap_or(0),
        client_state: row.get(5)?,
        created_at: row.get(6)?,
        replaced_at: row.get(7)?,
    })
}
