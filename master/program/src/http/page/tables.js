// Tables whose rows stay the same elements from look to look, so that what is marked or read aloud stays where it is.
function element(parent, name, classes) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  return parent.appendChild(made);
}

// columns: [{ label, classes, fill: (cell, item) }]; the first one names the row.
class Table {
  constructor(table, columns) {
    this.body = table.tBodies[0];
    this.table = table;
    this.columns = columns;
    this.rows = new Map();
  }

  show(items, key) {
    const seen = new Set();
    items.forEach((item, place) => {
      const row = this.row(key(item));
      this.columns.forEach((column, at) => column.fill(row.cells[at], item));
      if (this.body.rows[place] !== row) this.body.insertBefore(row, this.body.rows[place] || null);
      seen.add(row);
    });
    for (const [name, row] of this.rows) {
      if (!seen.has(row)) { row.remove(); this.rows.delete(name); }
    }
    this.table.hidden = items.length === 0;
  }

  row(name) {
    if (!this.rows.has(name)) {
      const row = document.createElement("tr");
      for (const { label, classes } of this.columns) {
        const cell = element(row, "td", classes);
        if (label) cell.dataset.label = label;
      }
      this.rows.set(name, row);
    }
    return this.rows.get(name);
  }
}

function put(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

// A column of numbers: zero is faint, and what is bad stands out.
function counter(label, of, tone) {
  return { label, classes: "n", fill: (cell, item) => {
    const number = of(item);
    put(cell, count(number));
    cell.className = number === 0 ? "n zero" : tone ? "n " + tone : "n";
  } };
}

function time(label, of) {
  return { label, classes: "n", fill: (cell, item) => {
    const value = of(item);
    put(cell, duration(value));
    cell.className = value === null ? "n zero" : "n";
  } };
}

function status(cell, word, text) {
  const mark = cell.firstElementChild || element(cell, "span");
  mark.className = "status " + word;
  put(mark, text || word);
}
