// A chart of the last minutes: one or two lines, the values of the newest moment in its caption, or of the one that is
// pointed at.
const SPACE = { left: 44, right: 4, top: 6, bottom: 20 };

class Chart {
  // lines: [{ label, of: sample => number or null, show: number => text, wash }]
  constructor(figure, { title, lines, scale }) {
    this.lines = lines;
    this.scale = scale;
    this.samples = [];
    const caption = element(figure, "figcaption");
    element(caption, "strong").textContent = title;
    this.keys = lines.map((line, place) => {
      const key = element(caption, "span", place ? "key two" : "key");
      key.append(line.label + " ");
      return element(key, "b");
    });
    this.plot = element(figure, "div", "plot");
    // Of the namespace of what the parser makes of <svg>, which needs no name of its own here.
    this.svg = this.plot.appendChild(new DOMParser().parseFromString("<svg></svg>", "text/html").body.firstChild);
    this.svg.setAttribute("role", "img");
    this.nothing = element(this.plot, "div", "nothing");
    this.title = title;
    this.svg.addEventListener("pointermove", event => this.point(event));
    this.svg.addEventListener("pointerleave", () => { this.pointed = null; this.draw(); });
  }

  show(samples, span) {
    this.samples = samples;
    this.span = span;
    this.draw();
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const at = this.timeAt(event.clientX - box.left, box.width);
    const near = this.samples.reduce((best, sample) =>
      best && Math.abs(best.at_ms - at) <= Math.abs(sample.at_ms - at) ? best : sample, null);
    this.pointed = near ? near.sequence : null;
    this.draw();
  }

  end() { return this.samples.length ? this.samples[this.samples.length - 1].at_ms : 0; }
  timeAt(x, width) { return this.end() - this.span + (x - SPACE.left) / (width - SPACE.left - SPACE.right) * this.span; }

  draw() {
    const { width, height } = this.plot.getBoundingClientRect();
    const values = this.samples.flatMap(sample => this.lines.map(line => line.of(sample))).filter(value => value !== null);
    this.nothing.textContent = this.samples.length < 2 ? "collecting …" : values.length ? "" : "no job has ended in the last minutes";
    this.svg.replaceChildren();
    if (!values.length || this.samples.length < 2 || width < 80) return this.caption(null);
    const axis = this.scale(values);
    const begin = this.end() - this.span;
    const x = sample => SPACE.left + (sample.at_ms - begin) / this.span * (width - SPACE.left - SPACE.right);
    const y = value => height - SPACE.bottom - axis.place(value) * (height - SPACE.top - SPACE.bottom);
    this.axes(axis, y, width, height);
    this.lines.forEach((line, place) => this.line(line, place, x, y));
    const pointed = this.samples.find(sample => sample.sequence === this.pointed);
    if (pointed) this.mark("line", { class: "cursor", x1: x(pointed), x2: x(pointed), y1: SPACE.top, y2: height - SPACE.bottom });
    this.caption(pointed || this.samples[this.samples.length - 1]);
  }

  axes(axis, y, width, height) {
    for (const tick of axis.ticks) {
      this.mark("line", { class: "grid", x1: SPACE.left, x2: width - SPACE.right, y1: y(tick), y2: y(tick) });
      this.mark("text", { class: "axis", x: SPACE.left - 8, y: y(tick) + 4, "text-anchor": "end" }).textContent = axis.label(tick);
    }
    for (const [share, anchor] of [[1, "start"], [0.5, "middle"], [0, "end"]]) {
      const x = width - SPACE.right - share * (width - SPACE.left - SPACE.right);
      this.mark("text", { class: "axis", x, y: height - 4, "text-anchor": anchor }).textContent = share ? "−" + minutes(this.span * share) : "now";
    }
  }

  line(line, place, x, y) {
    let path = "", wash = "", open = null;
    const close = last => { if (open !== null && line.wash) wash += `L${last} ${y(0)}L${open} ${y(0)}Z`; open = null; };
    let last = null;
    for (const sample of this.samples) {
      const value = line.of(sample);
      if (value === null) { close(last); continue; }
      const here = x(sample).toFixed(1), point = here + " " + y(value).toFixed(1);
      // A moment between two without jobs is a dot.
      path += open === null ? `M${point}m-1 0h2m-1 0` : `L${point}`;
      if (line.wash) wash += (open === null ? "M" : "L") + point;
      if (open === null) open = here;
      last = here;
    }
    close(last);
    if (wash) this.mark("path", { class: "wash", d: wash });
    this.mark("path", { class: place ? "line two" : "line", d: path });
  }

  mark(name, attributes) {
    const mark = document.createElementNS(this.svg.namespaceURI, name);
    for (const [attribute, value] of Object.entries(attributes)) mark.setAttribute(attribute, value);
    return this.svg.appendChild(mark);
  }

  caption(sample) {
    const shown = this.lines.map(line => {
      const value = sample ? line.of(sample) : null;
      return value === null ? "–" : line.show(value);
    });
    shown.forEach((text, place) => { this.keys[place].textContent = text; });
    this.svg.setAttribute("aria-label", this.title + ": " + this.lines.map((line, place) => line.label + " " + shown[place]).join(", "));
  }
}

// As many minutes as there are samples for, up to all that are kept.
function spanOf(samples, most) {
  const length = samples.length ? samples[samples.length - 1].at_ms - samples[0].at_ms : 0;
  return [60000, 120000, 180000].find(span => length <= span && span < most) || most;
}

// From 0 to a round number above all values.
function linear(values) {
  const most = Math.max(...values, 4);
  const power = 10 ** Math.floor(Math.log10(most / 2));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(step => most / step <= 4) || most;
  const top = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, place) => place * step);
  return { ticks, place: value => value / top, label: tick => tick >= 10000 ? count(tick / 1000) + " k" : step < 1 ? tick.toFixed(1) : count(tick) };
}

// Powers of ten around all values: what is short and what is long are both to be seen.
function logarithmic(values) {
  const floor = Math.max(Math.min(...values.filter(value => value > 0)), 0.001);
  const low = Math.floor(Math.log10(Math.min(floor, 1e6)));
  const high = Math.max(Math.ceil(Math.log10(Math.max(...values, 0.001))), low + 1);
  const ticks = Array.from({ length: high - low + 1 }, (_, place) => 10 ** (low + place));
  const place = value => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low);
  return { ticks, place, label: tick => tick >= 1000 ? tick / 1000 + " s" : tick >= 1 ? tick + " ms" : tick * 1000 + " µs" };
}
