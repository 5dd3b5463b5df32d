// The plot: lines over one dimension, the others held at a value each; drawn anew when anything changes.
(() => {
  const data = JSON.parse(document.getElementById("plot-data").textContent);
  const [S, FIRST, Y, LOW, HIGH] = [0, 1, ...[0, 1, 2].map((k) => 1 + data.dimensions.length + k)];
  const drawing = document.querySelector(".drawing");
  const tip = document.querySelector(".tip");
  const axes = document.querySelector(".axes");
  const margin = { left: 40, right: 14, top: 10, bottom: 42 };
  const colour = (codec) => `var(--c${codec % 8})`;
  const DASHES = ["", "6 4", "2 3", "9 3 2 3"];
  let x = data.x;
  let held = [...data.held];
  let placed = [];
  let at = -1;

  function make(name, attributes, parent) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  }

  // Outlines of the markers around 0, 0; codecs from the ninth on meet a colour again, with another marker.
  const polygon = (corners, turn, r) => Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / corners;
    return `${k ? "L" : "M"}${r * Math.sin(angle)} ${-r * Math.cos(angle)}`;
  }).join("") + "Z";
  const MARKERS = [
    "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",
    polygon(4, Math.PI / 4, 5.5), polygon(4, 0, 6), polygon(3, 0, 6), polygon(3, Math.PI, 6),
    polygon(5, 0, 5.5), polygon(6, 0, 5.5), "M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
  ];
  const marker = (codec) => MARKERS[(codec + Math.floor(codec / 8)) % MARKERS.length];

  for (const swatch of document.querySelectorAll(".swatch")) {
    const codec = Number(swatch.dataset.codec ?? -1);
    const stroke = codec < 0 ? "currentColor" : colour(codec);
    const dashes = DASHES[Number(swatch.dataset.run ?? 0) % DASHES.length];
    make("path", { d: "M0 7H30", stroke, "stroke-width": 2, "stroke-dasharray": dashes }, swatch);
    if (codec >= 0) make("path", { d: marker(codec), fill: stroke, transform: "translate(15 7)" }, swatch);
  }

  function choice(label, options, chosen, onChange) {
    const wrapper = document.createElement("label");
    const select = document.createElement("select");
    options.forEach(([value, text]) => select.add(new Option(text, value, false, value === chosen)));
    select.addEventListener("change", () => onChange(Number(select.value)));
    wrapper.append(`${label} `, select);
    axes.append(wrapper);
  }

  function offerAxes() {
    axes.replaceChildren();
    const varied = data.dimensions.map((dimension, k) => [k, dimension.name])
      .filter(([k]) => data.dimensions[k].values.length > 1);
    if (varied.length > 1) choice("over", varied, x, (value) => { x = value; offerAxes(); draw(); axes.querySelector("select").focus(); });
    for (const [k, name] of varied.filter(([k]) => k !== x)) {
      const values = data.dimensions[k].values.map((value, place) => [place, value]);
      choice(`at ${name}`, values, held[k], (value) => { held[k] = value; draw(); });
    }
  }

  function shownSeries() {
    const groups = ticked();
    const is = (name, value) => !groups.has(name) || groups.get(name).has(String(value));
    return data.series.map((one) => is("codec", one.codec) && is("run", one.run));
  }

  function scales(width, height) {
    const positions = data.dimensions[x].positions;
    const [low, high] = [Math.min(...positions), Math.max(...positions)];
    const inner = width - margin.left - margin.right - 20;
    return {
      across: (place) => margin.left + 10 + (high > low ? ((positions[place] - low) / (high - low)) * inner : inner / 2),
      up: (share) => margin.top + (1 - share / 100) * (height - margin.top - margin.bottom),
    };
  }

  function drawFrame(width, height, { across, up }) {
    for (let share = 0; share <= 100; share += 20) {
      make("path", { class: "grid", d: `M${margin.left} ${up(share)}H${width - margin.right}` }, drawing);
      make("text", { x: margin.left - 6, y: up(share) + 4, "text-anchor": "end" }, drawing).textContent = share;
    }
    const { name, values, positions } = data.dimensions[x];
    let free = -Infinity;
    for (const place of [...values.keys()].sort((one, other) => positions[one] - positions[other])) {
      const half = 3.6 * values[place].length;
      make("path", { class: "grid", d: `M${across(place)} ${up(0)}v4` }, drawing);
      if (across(place) - half < free) continue;
      free = across(place) + half + 6;
      make("text", { x: across(place), y: height - margin.bottom + 18, "text-anchor": "middle" }, drawing).textContent = values[place];
    }
    make("text", { x: (margin.left + width - margin.right) / 2, y: height - 6, "text-anchor": "middle" }, drawing).textContent = name;
  }

  function drawSeries(one, points, { across, up }) {
    const spots = points.map((point) => [across(point[FIRST + x]), point]);
    const along = (k, list = spots) => list.map(([left, point]) => `${left} ${up(point[k])}`).join("L");
    const paint = colour(one.codec);
    make("path", { class: "band", fill: paint, d: `M${along(HIGH)}L${along(LOW, [...spots].reverse())}Z` }, drawing);
    make("path", { class: "line", stroke: paint, "stroke-dasharray": DASHES[one.run % DASHES.length], d: `M${along(Y)}` }, drawing);
    for (const [left, point] of spots) {
      make("path", { class: "mark", d: marker(one.codec), fill: paint, transform: `translate(${left} ${up(point[Y])})` }, drawing);
      placed.push({ left, top: up(point[Y]), point, series: one });
    }
  }

  function draw() {
    const { width, height } = drawing.getBoundingClientRect();
    if (!width) return;
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    drawing.replaceChildren();
    placed = [];
    tell(-1);
    const scale = scales(width, height);
    drawFrame(width, height, scale);
    const visible = shownSeries();
    const place = data.dimensions[x].positions;
    const kept = data.points.filter((point) =>
      visible[point[S]] && held.every((value, k) => k === x || point[FIRST + k] === value));
    data.series.forEach((one, number) => {
      const points = kept.filter((point) => point[S] === number);
      points.sort((a, b) => place[a[FIRST + x]] - place[b[FIRST + x]]);
      if (points.length) drawSeries(one, points, scale);
    });
  }

  function tell(number) {
    drawing.querySelector(".near")?.remove();
    at = number;
    if (number < 0) { tip.textContent = ""; return; }
    const { left, top, point, series } = placed[number];
    const dimension = data.dimensions[x];
    make("circle", { class: "near", cx: left, cy: top, r: 9 }, drawing);
    tip.textContent = `${series.name}\n${dimension.name}: ${dimension.values[point[FIRST + x]]}\n` +
      `${point[Y].toFixed(1)} % (${point[LOW].toFixed(1)} to ${point[HIGH].toFixed(1)} %)`;
    const width = drawing.getBoundingClientRect().width;
    tip.style.left = `${Math.max(0, Math.min(left + 14, width - tip.offsetWidth))}px`;
    tip.style.top = `${top > tip.offsetHeight + 14 ? top - tip.offsetHeight - 12 : top + 14}px`;
  }

  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const far = placed.map((spot) => Math.hypot(spot.left - event.clientX + box.left, spot.top - event.clientY + box.top));
    const least = Math.min(...far);
    tell(least < 40 ? far.indexOf(least) : -1);
  });
  drawing.addEventListener("pointerleave", () => tell(-1));
  drawing.addEventListener("focus", () => { if (at < 0 && placed.length && drawing.matches(":focus-visible")) tell(0); });
  drawing.addEventListener("blur", () => tell(-1));
  drawing.addEventListener("keydown", (event) => {
    const now = placed[at];
    if (event.key === "Escape") return tell(-1);
    if (!event.key.startsWith("Arrow") || !placed.length) return;
    event.preventDefault();
    if (!now) return tell(0);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const level = event.key === "ArrowRight" || event.key === "ArrowLeft";
    const row = placed.filter((spot) => (level ? spot.series === now.series : Math.abs(spot.left - now.left) < 0.5));
    row.sort((one, other) => (level ? one.left - other.left : one.top - other.top));
    const next = row[row.indexOf(now) + step];
    if (next) tell(placed.indexOf(next));
  });

  offerAxes();
  draw();
  new ResizeObserver(draw).observe(drawing);
  document.addEventListener("shown-changed", draw);
})();
