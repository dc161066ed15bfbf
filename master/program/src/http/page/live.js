// Asks every second, shows the answer, and says so when there is none.
const STATES = ["busy", "ready", "overdue", "quiet"];
const WORKERS_SHOWN = 100;
const ANSWER_WITHIN_MS = 4000;
const byId = id => document.getElementById(id);

const charts = [
  new Chart(byId("chart-throughput"), { title: "Jobs per second", scale: linear, lines: [
    { label: "done", of: sample => sample.done_per_second, show: rate, wash: true },
    { label: "no reply", of: sample => sample.bad_per_second, show: rate },
  ] }),
  new Chart(byId("chart-waiting"), { title: "Jobs at a time", scale: linear, lines: [
    { label: "waiting", of: sample => sample.waiting, show: count, wash: true },
    { label: "running", of: sample => sample.running, show: count },
  ] }),
  new Chart(byId("chart-latency"), { title: "Latency", scale: logarithmic, lines: [
    { label: "50 %", of: sample => sample.total_ms.p50, show: duration },
    { label: "99 %", of: sample => sample.total_ms.p99, show: duration },
  ] }),
];

const pair = (label, of) => ({ label, classes: "n pair", fill: (cell, item) => {
  const { p50, p99, count } = of(item);
  put(cell, count ? durations(p50, p99) : "–");
  cell.classList.toggle("zero", !count);
} });

const pools = new Table(byId("pools"), [
  { classes: "name wrap full", fill: (cell, pool) => put(cell, pool.pool) },
  { classes: "full", fill: (cell, pool) => fillStates(cell, pool) },
  counter("Waiting", pool => pool.waiting),
  time("Oldest", pool => pool.oldest_waiting_ms),
  counter("Running", pool => pool.running),
  counter("Done", pool => pool.done),
  counter("Failed", pool => pool.failed),
  counter("Timed out", pool => pool.timed_out, "warn"),
  counter("Lost", pool => pool.lost, "bad"),
  pair("Wait 50 / 99 %", pool => pool.wait_ms),
  pair("Run 50 / 99 %", pool => pool.run_ms),
]);

const workers = new Table(byId("workers"), [
  { classes: "name", fill: (cell, worker) => put(cell, "#" + worker.id) },
  { classes: "", fill: (cell, worker) => status(cell, worker.state) },
  { classes: "wrap", fill: (cell, worker) => put(cell, worker.pools.join(", ")) },
  { label: "Current job", classes: "n", fill: (cell, worker) => fillCurrent(cell, worker) },
  counter("Done", worker => worker.done),
  counter("Failed", worker => worker.failed),
  time("Last run", worker => worker.run_last_ms),
  time("Average", worker => worker.run_average_ms),
  time("Longest", worker => worker.run_longest_ms),
  { classes: "process wrap full", fill: (cell, worker) => put(cell, worker.pid + " on " + worker.host + memory(worker.memory_bytes)) },
]);

let known = { pid: null, uptime: 0, samples: [], answered: null, all: false, last: null };

function fillStates(cell, pool) {
  const states = STATES.filter(state => pool.workers_by_state[state] > 0);
  const text = states.map(state => pool.workers_by_state[state] + " " + state);
  const wanted = text.length ? text.join(" ") : pool.known ? "no workers" : "nobody offers it";
  if (cell.dataset.states === wanted) return;
  cell.dataset.states = wanted;
  cell.replaceChildren();
  const line = element(cell, "span", "states");
  if (!states.length) status(line, "overdue", wanted);
  states.forEach((state, place) => { element(line, "span", "status " + state).textContent = text[place]; });
}

function fillCurrent(cell, worker) {
  if (cell.children.length === 0) { element(cell, "span"); element(cell, "span", "dim"); }
  const { current } = worker, [age, name] = cell.children;
  cell.classList.toggle("zero", !current);
  put(age, current ? duration(current.age_ms) : "–");
  put(name, current ? "\u2002" + current.job + (worker.outstanding > 1 ? " +" + (worker.outstanding - 1) : "") : "");
}

function note(id, text, tone) {
  const place = byId(id);
  put(place, text || "\u00a0");
  place.className = tone || "";
}

function showHead({ master }) {
  put(byId("endpoint"), master.endpoints.join(", "));
  put(byId("uptime"), longDuration(master.uptime_ms / 1000));
  put(byId("process"), String(master.pid));
  put(byId("clients"), count(master.clients));
  put(byId("software"), master.software);
  put(byId("workers-endpoint"), master.endpoints[0] || "");
  state(master.accepting ? "good" : "warn", master.accepting ? "taking jobs" : "closing");
}

function state(tone, text) {
  const pill = byId("state");
  pill.className = "pill " + tone;
  put(pill, text);
}

function showTiles({ jobs, workers_by_state: states }) {
  const last = known.samples[known.samples.length - 1];
  put(byId("throughput"), last ? rate(last.done_per_second) : "–");
  note("throughput-note", count(jobs.done) + " done since the start");
  put(byId("waiting"), count(jobs.waiting));
  const old = jobs.oldest_waiting_ms;
  note("waiting-note", old === null ? "nobody waits" : "the oldest for " + duration(old), old > 1000 ? "warn" : "");
  const all = STATES.reduce((sum, name) => sum + states[name], 0);
  put(byId("busy"), count(states.busy));
  put(byId("busy-of"), "of " + count(all));
  const trouble = [states.overdue && count(states.overdue) + " overdue", states.quiet && count(states.quiet) + " quiet"].filter(Boolean);
  note("busy-note", trouble.join(", ") || (all ? count(states.ready) + " ready" : "none registered"), states.overdue || !all ? "bad" : "");
  const recent = known.samples.findLast(sample => sample.total_ms.p99 !== null);
  const [number, unit] = durationParts(recent ? recent.total_ms.p99 : null);
  put(byId("latency"), number);
  put(byId("latency-unit"), unit);
  note("latency-note", recent ? "half within " + duration(recent.total_ms.p50) : "no job has ended");
  const bad = [[jobs.failed, "failed"], [jobs.timed_out, "timed out"], [jobs.lost, "lost"], [jobs.rejected, "rejected"]];
  put(byId("bad"), count(bad.reduce((sum, [number]) => sum + number, 0)));
  note("bad-note", bad.filter(([number]) => number).map(([number, word]) => count(number) + " " + word).join(", ") || "every job got one",
    last && last.bad_per_second > 0 ? "bad" : "");
}

function showTables(answer) {
  pools.show(answer.pools, pool => pool.pool);
  byId("pools-empty").hidden = answer.pools.length > 0;
  put(byId("pools-count"), answer.pools.length ? count(answer.pools.length) : "");
  const all = answer.workers, some = !known.all && all.length > WORKERS_SHOWN;
  workers.show(some ? firstOf(all) : all, worker => worker.id);
  byId("workers-empty").hidden = all.length > 0;
  put(byId("workers-count"), all.length ? count(all.length) : "");
  byId("workers-all").hidden = !some;
  put(byId("workers-all"), "Show all " + count(all.length) + " workers");
}

// Where not all are shown, those that somebody should look at are.
function firstOf(all) {
  const isOverdue = worker => worker.state === "overdue";
  return all.filter(isOverdue).concat(all.filter(worker => !isOverdue(worker))).slice(0, WORKERS_SHOWN);
}

function show(answer) {
  known.last = answer;
  showHead(answer);
  showTiles(answer);
  const span = spanOf(known.samples, answer.samples_max * answer.sample_interval_ms);
  charts.forEach(chart => chart.show(known.samples, span));
  showTables(answer);
  byId("main").classList.remove("stale");
  const lost = answer.master.unreachable;
  put(byId("trouble"), lost === null ? "" : "New peers are shut out: " + lost + ". Who is connected works on.");
  byId("trouble").hidden = lost === null;
}

// A master that was started anew counts from the beginning.
function remember(answer) {
  const { pid, uptime_ms: uptime } = answer.master;
  if (known.pid !== null && (pid !== known.pid || uptime < known.uptime)) {
    known.samples = [];
    known.pid = null;
    return false;
  }
  known.samples = known.samples.concat(answer.samples).slice(-answer.samples_max);
  Object.assign(known, { pid, uptime, answered: Date.now() });
  return true;
}

async function ask() {
  const last = known.samples[known.samples.length - 1];
  const answer = await fetch("/status.json?after=" + (last ? last.sequence : 0), { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

function trouble(error) {
  const since = known.answered ? ", last heard " + longDuration((Date.now() - known.answered) / 1000) + " ago" : "";
  const why = error instanceof TypeError || error.name === "TimeoutError" ? "nobody answers here" : error.message;
  put(byId("trouble"), "No answer: " + why + since + ". What is shown is old.");
  byId("trouble").hidden = false;
  byId("main").classList.add("stale");
  state("bad", "no answer");
}

async function look() {
  try {
    const answer = await ask();
    if (remember(answer)) show(answer);
  } catch (error) {
    trouble(error);
  }
  // Nobody looks at a hidden page: it asks again when it is seen.
  if (!document.hidden) setTimeout(look, 1000);
  else document.addEventListener("visibilitychange", look, { once: true });
}

byId("workers-all").addEventListener("click", () => { known.all = true; showTables(known.last); });
addEventListener("resize", () => charts.forEach(chart => chart.draw()));
look();
