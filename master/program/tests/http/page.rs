//! The page in a real browser, on a desk and on a phone.

use crate::browser::{Browser, DESKTOP, PHONE, Viewer};
use crate::scene::Scene;
use crate::support::{Signal, eventually};

/// A master at work: two pools, jobs that have ended in several ways, some that run and some that wait.
fn busy() -> (Scene, Vec<powerhose::JobHandle>) {
    let mut scene = Scene::new();
    ["sign", "sign", "thumbnail"].into_iter().for_each(|pool| scene.worker(pool));
    (0..200).for_each(|_| scene.done("sign"));
    (0..3).for_each(|_| drop(scene.submit("thumbnail", "fail").wait()));
    let handles = (0..7).map(|_| scene.submit("thumbnail", "hold")).collect();
    scene.metric_becomes("powerhose_jobs_waiting", &[], 6.0);
    (scene, handles)
}

fn number(text: &str) -> f64 {
    text.replace(',', "").trim().parse().unwrap_or(-1.0)
}

/// What must be seen, whatever it is seen with.
fn shows_what_happens(viewer: Viewer, name: &str) {
    let (mut scene, handles) = busy();
    let browser = Browser::open(viewer, &scene.url("/"));
    browser.text_becomes("#state", |text| text == "taking jobs");
    browser.text_becomes("#waiting", |text| text == "6");
    browser.text_becomes("#busy", |text| text == "1");
    assert_eq!(browser.text("#endpoint"), scene.files.endpoint());
    let pools = browser.text("#pools tbody");
    assert!(pools.contains("sign") && pools.contains("thumbnail") && pools.contains("200"), "{pools}");
    let workers =
        browser.run("return [...document.querySelectorAll('#workers tbody tr')].map(row => row.innerText)");
    let workers = workers.as_array().expect("the workers").clone();
    assert_eq!(workers.len(), 3);
    let states: Vec<bool> =
        workers.iter().map(|row| row.as_str().unwrap_or_default().contains("busy")).collect();
    assert_eq!(states, [false, false, true], "{workers:?}");
    browser.text_becomes("#workers tbody tr:nth-child(3) td:nth-child(4)", |text| text.contains(" s"));
    for chart in ["throughput", "waiting", "latency"] {
        let line = format!("return document.querySelector('#chart-{chart} .line')?.getAttribute('d') ?? ''");
        eventually(chart, || {
            (browser.run(&line).as_str()?.matches('L').count() > 1 || chart == "latency").then_some(())
        });
    }
    let wide =
        browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, 0, "nothing stands beyond the edge");
    browser.picture(name);

    scene.let_go();
    handles.into_iter().for_each(|handle| drop(handle.wait().expect("a reply")));
    browser.text_becomes("#busy", |text| text == "0");
    browser.text_becomes("#pools tbody tr:nth-child(2) td:nth-child(6)", |text| text.ends_with('7'));
    assert_eq!(
        browser.complaints(),
        Vec::<String>::new(),
        "neither the script nor the policy has anything to say"
    );
}

#[test]
fn a_desk_shows_what_happens() {
    shows_what_happens(DESKTOP, "desktop");
}

#[test]
fn a_phone_shows_what_happens() {
    shows_what_happens(PHONE, "phone");
}

#[test]
fn a_page_without_workers_says_how_to_get_some() {
    let scene = Scene::new();
    let browser = Browser::open(Viewer { scheme: "dark", ..DESKTOP }, &scene.url("/"));
    browser.text_becomes("#workers-empty", |text| text.contains(&scene.files.endpoint()));
    assert!(browser.text("#pools-empty").contains("No pool yet"));
    assert_eq!(browser.text("#latency"), "–");
    browser.picture("empty");
}

#[test]
fn throughput_is_what_was_done_in_a_second() {
    let mut scene = Scene::new();
    scene.worker("sign");
    let browser = Browser::open(DESKTOP, &scene.url("/"));
    browser.text_becomes("#throughput", |text| text == "0");
    eventually("some throughput", || {
        (0..20).for_each(|_| scene.done("sign"));
        (number(&browser.text("#throughput")) > 0.0).then_some(())
    });
    browser.text_becomes("#latency-note", |text| text.starts_with("half within "));
    browser.text_becomes("#throughput", |text| text == "0");
}

#[test]
fn a_page_whose_master_is_gone_says_so_and_finds_the_next() {
    let mut scene = Scene::new();
    scene.worker("sign");
    scene.done("sign");
    let browser = Browser::open(PHONE, &scene.url("/"));
    browser.text_becomes("#state", |text| text == "taking jobs");
    browser.text_becomes("#workers-count", |text| text == "1");
    scene.master.signal(Signal::KILL);
    browser.text_becomes("#state", |text| text == "no answer");
    assert!(browser.text("#trouble").contains("nobody answers here"), "{}", browser.text("#trouble"));
    browser.picture("gone");
    let next = scene.files.start(&["master", "--http", &scene.address]);
    browser.text_becomes("#state", |text| text == "taking jobs");
    browser.text_becomes("#process", |text| text == next.id().to_string());
    assert_eq!(browser.text("#trouble"), "");
}
