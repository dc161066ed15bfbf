//! Refusals: what becomes of jobs without a reply, and of identities that are not believed.

use std::time::Duration;

use powerhose::{Job, JobRunner};

use super::*;

#[test]
fn a_job_without_a_reply_is_an_answer_with_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}", folder.path().join("master").display());
    let runner = JobRunner::builder().endpoint(endpoint).payload_bytes_max(1024).bind().unwrap();
    let answered = |job: Job| {
        let problem = Problem::job(&runner.execute(job.pool("token")).unwrap_err());
        let response = problem.clone().into_response();
        (
            response.status().as_u16(),
            problem.name.into_string(),
            response.headers().contains_key(header::RETRY_AFTER),
        )
    };
    let soon = Duration::from_millis(50);
    assert_eq!(answered(Job::new(vec![0; 2048])), (413, "rejected".to_owned(), false));
    let (status, name, _) = answered(Job::new("x").timeout(soon));
    assert!([(503, "overload"), (504, "timed-out")].contains(&(status, &*name)), "{status} {name}");
    runner.close(Duration::ZERO).unwrap();
    assert_eq!(answered(Job::new("x").timeout(soon)), (503, "rejected".to_owned(), true));
}

#[test]
fn a_time_that_does_not_fit_is_told_for_assertions_only() {
    let expired = IdentityError::new(ErrorKind::Expired, "expired");
    let told = |scheme| Problem::identity(&expired, scheme, Behaviour::Successor).word;
    assert_eq!(told(Scheme::BrowserId), "invalid-timestamp");
    assert_eq!(told(Scheme::Bearer), "invalid-credentials");
}
