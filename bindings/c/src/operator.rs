//! What an operator asks a master, and the orders that it gives.

use crate::birth::Native;
use crate::guard::{ErrorOut, given, guard, text};
use crate::json;
use crate::kinds::powerhose_status::{self, *};
use crate::kinds::{
    POWERHOSE_ORDER_DRAIN, POWERHOSE_ORDER_QUIET, POWERHOSE_ORDER_RESUME, POWERHOSE_ORDER_STOP,
};
use crate::problem::Problem;
use powerhose::{Operator, Order, Selector};
use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An operator's connection to a master: one question at a time, and other threads wait for their turn. Made by
/// `powerhose_operator_connect`, freed by `powerhose_operator_free`.
pub struct powerhose_operator(Native<Mutex<Operator>>);

impl powerhose_operator {
    pub(crate) fn new(operator: Operator) -> powerhose_operator {
        powerhose_operator(Native::new(Mutex::new(operator)))
    }
}

/// How far an order has come.
#[repr(C)]
pub struct powerhose_progress {
    /// Workers that it was for.
    pub matched: u64,
    /// Those on which it has not had its effect.
    pub left: u64,
}

/// Asks `master`, `workers` or `pools`, and gives the answer of PROTOCOL.md, section 12, as JSON. Freed by
/// `powerhose_string_free`; NULL and an error without an answer.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_ask_json(
    operator: Option<&powerhose_operator>,
    query: *const c_char,
    error: ErrorOut<'_>,
) -> *mut c_char {
    let ask = || {
        // SAFETY: C passes text.
        let query = unsafe { text(query, "query")? };
        Ok(json::given_away(&json::value(&here(operator)?.ask(query)?)))
    };
    guard(error, |_| std::ptr::null_mut(), ask)
}

/// Gives an order, one of POWERHOSE_ORDER_…, to the workers that `selector` names: `all`, `pool:NAME` or a worker's id. Waits until
/// it has had its effect on all of them, or the time is over; `progress` says which.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_order(
    operator: Option<&powerhose_operator>,
    order: u32,
    selector: *const c_char,
    within_ms: u64,
    progress: Option<&mut MaybeUninit<powerhose_progress>>,
    error: ErrorOut<'_>,
) -> powerhose_status {
    let give = || {
        let order = match order {
            POWERHOSE_ORDER_QUIET => Order::Quiet,
            POWERHOSE_ORDER_RESUME => Order::Resume,
            POWERHOSE_ORDER_DRAIN => Order::Drain,
            POWERHOSE_ORDER_STOP => Order::Stop,
            other => return Err(Problem::invalid(format!("no order has the number {other}"))),
        };
        // SAFETY: C passes text.
        let selector = selected(unsafe { text(selector, "selector")? })?;
        let come = here(operator)?.order(order, &selector, Duration::from_millis(within_ms))?;
        if let Some(progress) = progress {
            progress.write(powerhose_progress { matched: come.matched, left: come.left });
        }
        Ok(POWERHOSE_OK)
    };
    guard(error, |problem| problem.status, give)
}

/// The master's process id on its host; 0 if it is not known.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_master_pid(operator: Option<&powerhose_operator>) -> u64 {
    guard(None, |_| 0, || Ok(here(operator)?.master_pid()))
}

/// A number that is another one after each restart of the master.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_master_epoch(operator: Option<&powerhose_operator>) -> u64 {
    guard(None, |_| 0, || Ok(here(operator)?.master_epoch()))
}

/// Says goodbye and frees an operator. NULL is nothing to free.
#[unsafe(no_mangle)]
pub extern "C" fn powerhose_operator_free(operator: Option<Box<powerhose_operator>>) {
    guard(
        None,
        |_| (),
        || {
            drop(operator);
            Ok(())
        },
    );
}

fn here(operator: Option<&powerhose_operator>) -> Result<MutexGuard<'_, Operator>, Problem> {
    Ok(given(operator, "operator")?.0.here()?.lock().unwrap_or_else(PoisonError::into_inner))
}

fn selected(text: &str) -> Result<Selector, Problem> {
    if text == "all" {
        return Ok(Selector::All);
    }
    if let Some(pool) = text.strip_prefix("pool:") {
        return Ok(Selector::Pool(pool.to_owned()));
    }
    let id = text.parse().map_err(|_| {
        Problem::invalid(format!("`{text}` selects no workers: it is all, pool:NAME or a worker's id"))
    })?;
    Ok(Selector::Worker(id))
}
