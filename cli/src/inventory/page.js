// The inventory's page. Whatever comes from the data is shown as text: nodes are made, markup is never parsed.
"use strict";
(() => {
  const CHUNK = 200;
  const EVERY = 10_000;
  const MOST_PLACES = 200;
  const OUTCOMES = [
    ["rejected", "Rejected"],
    ["wouldBeRejected", "Rejected if enforced"],
    ["notEstablished", "Not established"],
    ["undetermined", "Undetermined"],
    ["admittedDrift", "Drift admitted"],
    ["new", "New"],
    ["none", "No drift"],
  ];
  const WORDS = new Map(OUTCOMES);
  const EVIDENCE = {
    proof: "proven from the registry", verified: "verified before, says the baseline",
    tolerated: "ran when the baseline was established", allowed: "allowed for a while", notAsked: "nobody was asked",
  };
  // Controls, marks and invisible characters: nothing that reorders or hides text is shown.
  const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]/gu;

  const byId = (id) => document.getElementById(id);
  const clean = (value, most = 2000) => {
    const text = String(value ?? "").replace(HIDDEN, "?");
    return text.length > most ? text.slice(0, most - 1) + "…" : text;
  };
  let data = JSON.parse(byId("data").textContent);

  /** An element with classes and children; texts become text. */
  const node = (name, classes, ...children) => {
    const element = document.createElement(name);
    if (classes) element.className = classes;
    for (const child of children.flat()) {
      if (child === undefined || child === null || child === "") continue;
      element.append(child instanceof Node ? child : document.createTextNode(child));
    }
    return element;
  };
  /** A text that somebody else wrote, apart from the direction of what is around it. */
  const foreign = (value, classes) => node("bdi", classes, clean(value));
  const when = (time) => (time ? clean(time).replace("T", " ").replace("Z", " UTC") : undefined);
  const known = (outcome) => (WORDS.has(outcome) ? outcome : "undetermined");

  const read = () => data.images.map((image, at) => {
    const places = image.places.map((place) => (place.namespace ? place.namespace + "/" : "") + place.name);
    const signers = (image.signatures ?? []).flatMap(({ signer }) => [signer.name, signer.issuer, signer.subject, signer.id]);
    const searched = [
      image.image, image.name, image.repository, image.digest, image.running, image.drift, image.posture, image.signedBy,
      ...(image.drifts ?? []).map((drift) => drift.text), ...places, ...signers,
    ];
    return {
      at, image, places,
      namespaces: new Set(image.places.map((place) => place.namespace)),
      outcome: known(image.outcome),
      text: searched.filter(Boolean).join("\n").toLowerCase(),
    };
  });
  let images = read();

  const sorts = {
    outcome: (row) => row.at,
    image: (row) => row.image.name,
    posture: (row) => row.image.postureName ?? "unknown",
    signer: (row) => row.image.signedBy ?? "~",
    baseline: (row) => row.image.baseline?.since ?? "~" + (row.image.baseline?.state ?? ""),
    where: (row) => row.places[0] ?? "~",
  };
  let sorted = { by: "outcome", descending: false };
  let outcome = null;
  let matching = images;
  let rendered = 0;

  const rows = byId("rows");
  const filters = byId("filters");

  // ---- one image

  const drifts = (image) => {
    if (image.unreadable) return "unreadable";
    const standing = (image.drifts ?? []).map((drift) => drift.text);
    const accepted = (image.accepted ?? []).map((drift) => drift.text + " (excepted)");
    return [...standing, ...accepted].join(", ");
  };
  const cell = (name, ...children) => {
    const td = node("td", "", node("div", "", ...children));
    if (name) td.dataset.name = name;
    return td;
  };
  const row = ({ at, image, places, outcome }) => {
    const button = node("button", "expand", node("span", "mark"), node("span", "word", WORDS.get(outcome)));
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    const baseline = image.baseline;
    const element = node("tr", "image " + outcome,
      cell("", button, node("span", "below in", clean(drifts(image)))),
      cell("", node("bdi", "name", clean(image.name, 300)), tagOf(image)),
      cell("Posture", clean(image.postureName ?? "unknown")),
      cell("Signed by", foreign(image.signedBy ?? "–")),
      cell("Baseline", clean(!baseline || baseline.state === "absent" ? "–" : baseline.name),
        baseline?.state === "notEstablished" ? node("span", "below", "not established") : ""),
      cell("Where", places.length ? foreign(clean(places[0], 120)) : "–",
        places.length > 1 ? node("span", "below", `and ${places.length - 1} more`) : ""),
    );
    element.dataset.at = at;
    return element;
  };
  const tagOf = (image) => {
    const text = image.unreadable ? image.unreadable : !image.enforced && image.outcome !== "none" && image.outcome !== "new" ? "not enforced here" : "";
    return text ? node("span", "below", foreign(text)) : "";
  };

  const facts = (...pairs) => node("dl", "", pairs.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([name, value]) => [node("dt", "", name), node("dd", "", value instanceof Node ? value : foreign(value))]));
  const mono = (value) => (value ? foreign(value, "mono") : undefined);
  const identity = (signer) => [
    ["Issuer", mono(signer.issuer)],
    ["Subject", mono(signer.subject)],
    ["Source id", signer.sourceId],
    ["Owner id", signer.ownerId],
    ["Key SHA-256", mono(signer.publicKey?.sha256)],
    ["Id", mono(signer.id)],
  ];
  const signedRepositories = {
    here: "made for this repository",
    elsewhere: "made for another repository",
    unsaid: "does not say for which repository",
  };
  const signature = (signature) => node("div", "who",
    node("p", "", foreign(signature.signer.name, "name"),
      node("span", signature.known ? "tag" : "tag stranger", signature.known ? "known" : "not known")),
    facts(...identity(signature.signer),
      ["Logged", when(signature.loggedAt) ?? "in no log"],
      ["Format", signature.format === "bundle" ? "bundle (cosign 3)" : "cosign 2"],
      ["Signed for", signedRepositories[signature.signedRepository] + (signature.madeFor ? ": " + clean(signature.madeFor, 200) : "")],
      ["Introduces", mono((signature.introduces ?? []).join(", "))],
      ...Object.entries(signature.provenance ?? {}).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => " " + c.toLowerCase()).replace(/^./, (c) => c.toUpperCase()), mono(value)])));
  const record = (signer) => node("div", "who",
    node("p", "", foreign(signer.name, "name"), node("span", "tag", signer.retired ? "retired" : clean(signer.origin))),
    facts(...identity(signer),
      ["First seen", when(signer.firstSeen)], ["Last seen", when(signer.lastSeen)],
      ["Images", signer.digests], ["Retired", when(signer.retired)]));

  const before = ({ baseline, unreadable }) => {
    const side = node("div", "side", node("h2", "", "Known for this repository"));
    if (unreadable) side.append(node("p", "quiet", "Not looked up: what the image is cannot be read."));
    else if (!baseline || baseline.state === "absent") side.append(node("p", "quiet", "Nothing: it has no baseline."));
    else if (!baseline.signers) side.append(node("p", "quiet", `The baseline is ${baseline.state}. `, foreign(baseline.why ?? "")));
    else {
      side.append(...baseline.signers.map(record), node("div", "who", facts(
        ["Signed since", when(baseline.since)],
        ["Established", when(baseline.established) ?? "not yet"],
        ["Candidates", baseline.candidates ? `${baseline.candidates} seen beside known signers` : ""],
        ["Generation", baseline.generation])));
    }
    return side;
  };
  const now = (image) => {
    const side = node("div", "side", node("h2", "", "On this image"));
    if (image.learner) side.append(node("p", "quiet", `The policy sees: ${clean(image.posture)}. The learner sees: `, foreign(image.learner.text)));
    if (image.unreadable) side.append(node("p", "quiet", foreign(image.unreadable)));
    else if (image.signatures.length) side.append(...image.signatures.map(signature));
    else side.append(node("p", "quiet", `No proven signature: ${image.posture}. `,
      image.evidence !== "proof" ? `This digest: ${EVIDENCE[image.evidence] ?? clean(image.evidence)}.` : ""));
    if (image.problems?.length) side.append(node("div", "who", node("p", "", "What is wrong with others:"), node("ul", "", image.problems.map((problem) => node("li", "", foreign(problem))))));
    return side;
  };
  /** What accepts a new signer: made of a repository, a digest and an id, which parse, and of nothing that was signed. */
  const wayOut = (image) => {
    const drift = (image.drifts ?? []).find(({ name }) => name === "signer");
    const id = /^signer:([0-9a-f]{64})$/.exec(drift?.fingerprint ?? "")?.[1];
    if (!id || !image.spelledRepository || !image.digest) return undefined;
    return node("pre", "", `continuity approve ${clean(image.spelledRepository)}@${clean(image.digest)} ${id.slice(0, 12)} --reason TICKET`);
  };
  const details = ({ image }) => {
    const places = image.places.slice(0, MOST_PLACES).map(({ namespace, kind, name }) =>
      node("div", "", foreign(`${kind} ${namespace ? namespace + "/" : ""}${name}`)));
    if (image.places.length > places.length) places.push(node("div", "quiet", `and ${image.places.length - places.length} more`));
    const td = node("td", "",
      node("div", "sides", before(image), now(image)),
      node("div", "rest", facts(
        ["Drift", drifts(image) || "none"],
        ["Fingerprint", mono((image.drifts ?? []).map((drift) => drift.fingerprint).filter(Boolean).join(", "))],
        ["Enforcement", image.unreadable ? "" : enforcement(image)],
        ["Image", mono(image.image)],
        ["Digest", mono(image.digest)],
        ["Running", image.running !== image.digest ? mono(image.running) : ""],
        ["Attestations", image.attestations || ""],
        ["Note", (image.notes ?? []).join("; ")],
        ["Runs in", places.length ? node("div", "", places) : ""],
        ["If expected", wayOut(image)])));
    td.colSpan = 6;
    return node("tr", "more", td);
  };
  const enforcement = (image) => {
    const does = image.ifEnforced === "reject" ? `rejects it (${image.code}${image.code === 500 ? ", try again" : ""})`
      : image.ifEnforced === "notEstablished" ? "admits it, as the baseline is not established yet" : "admits it";
    return image.enforced ? `the settings enforce where it runs: the policy ${does}` : `not enforced where it runs; if it were, the policy ${does}`;
  };

  const toggle = (element) => {
    const button = element.querySelector(".expand");
    const open = button.getAttribute("aria-expanded") === "true";
    if (open) element.nextElementSibling?.remove();
    else element.after(details(images[Number(element.dataset.at)]));
    button.setAttribute("aria-expanded", String(!open));
    element.classList.toggle("open", !open);
  };
  rows.addEventListener("click", (event) => {
    const element = event.target.closest("tr.image");
    if (element && (event.target.closest(".expand") || String(getSelection()) === "")) toggle(element);
  });

  // ---- all images

  const more = (all) => {
    const next = matching.slice(rendered, all ? undefined : rendered + CHUNK);
    rows.append(...next.map(row));
    rendered += next.length;
    byId("more").hidden = rendered >= matching.length;
    byId("more").textContent = `Show more (${matching.length - rendered} left)`;
  };
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const refresh = () => {
    const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    const drift = byId("drift").value;
    const posture = byId("posture").value;
    const namespace = byId("namespace").value;
    const onlyRejected = byId("rejected").checked;
    matching = images.filter((row) =>
      (!outcome || row.outcome === outcome)
      && (!drift || row.image.drift === drift)
      && (!posture || (row.image.posture ?? "unknown") === posture)
      && (!namespace || row.namespaces.has(namespace.slice(1)))
      && (!onlyRejected || row.outcome === "rejected")
      && words.every((word) => row.text.includes(word)));
    const key = sorts[sorted.by];
    const sign = sorted.descending ? -1 : 1;
    matching.sort((one, other) => {
      const [a, b] = [key(one), key(other)];
      return sign * (typeof a === "number" ? a - b : compare(a, b)) || one.at - other.at;
    });
    rows.replaceChildren();
    rendered = 0;
    more();
    byId("none").hidden = matching.length > 0;
    byId("images").hidden = matching.length === 0;
    byId("shown").textContent = matching.length === images.length
      ? `${images.length} ${images.length === 1 ? "image" : "images"}` : `${matching.length} of ${images.length} images`;
    for (const tile of byId("tiles").children) tile.setAttribute("aria-pressed", String(tile.dataset.outcome === outcome));
    for (const th of document.querySelectorAll("th[data-sort]")) {
      if (th.dataset.sort === sorted.by) th.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
  };

  // ---- what is around them

  const tiles = () => byId("tiles").replaceChildren(...OUTCOMES.map(([name, word]) => {
    const number = data.counts.outcome[name] ?? 0;
    const tile = node("button", `tile ${name}${number ? "" : " zero"}`, node("b", "", String(number)), node("span", "", node("i", "mark"), word));
    tile.type = "button";
    tile.dataset.outcome = name;
    tile.addEventListener("click", () => { outcome = outcome === name ? null : name; refresh(); });
    return tile;
  }));
  const choices = (id, all, values) => {
    const chosen = byId(id).value;
    const option = (value, text) => { const element = node("option", "", text); element.value = value; return element; };
    byId(id).replaceChildren(option("", all), ...values.map(([value, text]) => option(value, text)));
    byId(id).value = values.some(([value]) => value === chosen) ? chosen : "";
  };
  const present = (of) => [...new Set(images.map(of))].sort(compare).map((word) => [word, clean(word)]);
  const list = (id, title, lines) => {
    byId(id).hidden = lines.length === 0;
    byId(id).querySelector("summary").textContent = title;
    byId(id).querySelector("ul").replaceChildren(...lines.map((line) => node("li", "", line)));
  };
  const surround = () => {
    tiles();
    choices("drift", "Any", present((row) => row.image.drift));
    choices("posture", "Any", present((row) => row.image.posture ?? "unknown"));
    const namespaces = [...new Set(images.flatMap((row) => [...row.namespaces]))].sort(compare);
    choices("namespace", "All", namespaces.map((name) => ["/" + name, clean(name, 63) || "(none)"]));
    list("notes", data.notes.length === 1 ? "1 note" : `${data.notes.length} notes`, data.notes.map((text) => foreign(text)));
    const changes = data.changes ?? [];
    list("changes", `What changed: ${changes.length === 1 ? "1 change" : changes.length + " changes"}, the last at ${when(changes[0]?.at) ?? "no time"}`,
      changes.map((change) => [node("time", "quiet", when(change.at)), " ", foreign(change.repository, "name"), " ", foreign(change.what)]));
    byId("none").textContent = images.length === 0 ? "Nothing was looked at." : "No image matches these filters.";
  };
  filters.addEventListener("input", refresh);
  filters.addEventListener("submit", (event) => event.preventDefault());
  filters.addEventListener("reset", () => { outcome = null; sorted = { by: "outcome", descending: false }; setTimeout(refresh); });
  for (const th of document.querySelectorAll("th[data-sort]")) {
    th.querySelector("button").addEventListener("click", () => {
      const by = th.dataset.sort;
      sorted = { by, descending: sorted.by === by && !sorted.descending };
      refresh();
    });
  }
  byId("more").addEventListener("click", () => more());
  new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting) && rendered < matching.length) more(); }, { rootMargin: "600px" }).observe(byId("more"));
  addEventListener("beforeprint", () => more(true));

  // ---- a page that goes on: newer data is shown at once, unless somebody reads the details of an image

  const show = (newer) => {
    data = newer;
    images = read();
    surround();
    refresh();
    byId("taken").textContent = when(data.taken);
    byId("newer").hidden = true;
  };
  const said = (text) => { byId("live").hidden = false; byId("live").textContent = text; };
  let waiting = null;
  const look = async () => {
    try {
      const answer = await fetch("inventory.json", { cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const newer = await answer.json();
      said("Live");
      const same = ({ images, notes, changes }) => JSON.stringify([images, notes, changes]);
      if (same(newer) === same(data)) byId("taken").textContent = when(newer.taken);
      else if (rows.querySelector("tr.open")) { waiting = newer; byId("newer").hidden = false; }
      else show(newer);
    } catch {
      said("Not live: no answer for newer data. What is shown is as of the time above.");
    }
    setTimeout(look, EVERY);
  };
  byId("newer").addEventListener("click", () => { if (waiting) show(waiting); });
  surround();
  byId("app").hidden = false;
  refresh();
  if (data.live) { said("Live"); setTimeout(look, EVERY); }
})();
