// Numbers for people: short, and of the same width wherever they stand below one another.
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function count(number) {
  return grouped.format(number);
}

function rate(number) {
  return number >= 100 || number === 0 ? count(number) : number.toFixed(1);
}

function threeDigits(number) {
  return number.toFixed(number < 10 ? 2 : number < 100 ? 1 : 0);
}

// Behind other words; nothing where nothing is known.
function memory(bytes) {
  return bytes === null || bytes === undefined ? "" : ", " + count(bytes / 1048576) + " MiB";
}

// [number, unit] of a duration in milliseconds.
function durationParts(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return ["–", ""];
  if (milliseconds < 1) return [threeDigits(milliseconds * 1000), "µs"];
  if (milliseconds < 1000) return [threeDigits(milliseconds), "ms"];
  const seconds = milliseconds / 1000;
  if (seconds < 120) return [threeDigits(seconds), "s"];
  return [longDuration(seconds), ""];
}

function duration(milliseconds) {
  const [number, unit] = durationParts(milliseconds);
  return unit ? number + " " + unit : number;
}

// Two durations in one place: of the same unit, if they are.
function durations(one, other) {
  const [first, second] = [durationParts(one), durationParts(other)];
  return (first[1] === second[1] ? first[0] : first.join(" ")) + " / " + second.join(" ");
}

function longDuration(seconds) {
  const whole = Math.floor(seconds);
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([number]) => number > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).map(([number, unit]) => number + " " + unit).join(" ");
}

// 2:30
function minutes(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}
