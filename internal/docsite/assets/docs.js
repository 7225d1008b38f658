// What the docs do in the browser: the list of pages, the website selector, which
// fills ids into the examples, and the playground. Everything is asked of this
// server alone; a pasted token stays in memory.
"use strict";

const content = document.getElementById("content");
const all = document.getElementById("all");
if (all && matchMedia("(min-width: 801px)").matches) all.open = true;

const json = async (path, options = {}) => {
  const response = await fetch(path, { credentials: "same-origin", ...options });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(body?.error?.message ?? `the server answered ${response.status}`);
  return body;
};

// --- website selector ------------------------------------------------------------

const remembered = "datafast-docs-website";
const originals = [];

/** Text and links of the page as they were written, noted once. */
function noteOriginals() {
  const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (/\$WEBSITE_ID|dfid_…|shop\.example/.test(node.data)) originals.push({ node, text: node.data });
  }
  for (const link of content.querySelectorAll("a[href*='WEBSITE_ID']")) {
    originals.push({ link, href: link.getAttribute("href") });
    link.setAttribute("href", "/"); // the list of websites, until one is chosen
  }
}

function fill(website) {
  const put = (text) =>
    text
      .replaceAll("$WEBSITE_ID", website.id)
      .replaceAll("dfid_…", website.trackingId)
      .replaceAll("shop.example", website.domain);
  for (const { node, text, link, href } of originals) {
    if (node) node.data = put(text);
    else link.setAttribute("href", href.replaceAll("WEBSITE_ID", website.id));
  }
}

let chosen = null;

async function offerWebsites() {
  const state = await json("/api/app/state");
  if (!state.data.signedIn) return;
  const { data } = await json("/api/v1/admin/websites");
  if (data.length === 0) return;
  const select = document.getElementById("website");
  for (const row of data) select.add(new Option(row.domain, row._id));
  const byId = new Map(data.map((row) => [row._id, { id: row._id, trackingId: row.trackingId, domain: row.domain }]));
  const choose = () => {
    chosen = byId.get(select.value);
    localStorage.setItem(remembered, chosen.id);
    fill(chosen);
    document.dispatchEvent(new CustomEvent("website", { detail: chosen }));
  };
  if (byId.has(localStorage.getItem(remembered))) select.value = localStorage.getItem(remembered);
  select.addEventListener("change", choose);
  document.getElementById("site").hidden = false;
  choose();
}

// --- playground ------------------------------------------------------------------

const element = (name, attributes = {}, ...children) => {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") e.textContent = value;
    else if (value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children);
  return e;
};

class Playground {
  #root;
  #operations = [];
  #made = null; // the key made here: {websiteId, id, key}
  #fields = [];

  constructor(root) {
    this.#root = root;
  }

  async start() {
    const doc = await json("/openapi.json");
    for (const [path, item] of Object.entries(doc.paths)) {
      if (!path.startsWith("/api/v1/")) continue;
      for (const [method, operation] of Object.entries(item)) this.#operations.push({ path, method: method.toUpperCase(), ...operation });
    }
    this.#draw();
    const asked = new URLSearchParams(location.search).get("operation") ?? "getOverview";
    if (this.#operations.some(({ operationId }) => operationId === asked)) this.#select.value = asked;
    this.#showOperation();
    if (chosen) this.#offerKey(chosen);
    document.addEventListener("website", ({ detail }) => this.#offerKey(detail));
  }

  get #select() { return this.#root.querySelector("[name=operation]"); }
  get #operation() { return this.#operations.find(({ operationId }) => operationId === this.#select.value); }

  #draw() {
    const select = element("select", { name: "operation" });
    for (const o of this.#operations) select.append(element("option", { value: o.operationId, text: `${o.method} ${o.path.slice("/api/v1".length)}` }));
    select.addEventListener("change", () => this.#showOperation());
    const token = element("input", { name: "token", type: "password", autocomplete: "off", spellcheck: "false", placeholder: "dft_… or df_…" });
    const form = element(
      "form", {},
      element("label", { text: "Operation" }, select),
      element("div", { id: "parameters" }),
      element("label", { text: "Token or key, kept in this page's memory only" }, token),
      element("div", { class: "row" },
        element("button", { type: "button", id: "make", hidden: true }),
        element("button", { type: "button", id: "drop", hidden: true, text: "Delete that key" }),
        element("span", { id: "key-state", role: "status" }),
      ),
      element("div", { class: "row" }, element("button", { type: "submit", text: "Send" })),
    );
    form.addEventListener("submit", (event) => { event.preventDefault(); void this.#send(); });
    const output = element("div", { id: "output", "aria-live": "polite" });
    this.#root.replaceChildren(form, output);
    this.#root.querySelector("#make").addEventListener("click", () => void this.#makeKey());
    this.#root.querySelector("#drop").addEventListener("click", () => void this.#dropKey());
    addEventListener("pagehide", () => {
      if (!this.#made) return; // a key that nobody sees any more is of no use
      const { websiteId, id } = this.#made;
      void fetch(`/api/v1/admin/websites/${websiteId}/apikeys/${id}`, { method: "DELETE", credentials: "same-origin", keepalive: true });
    });
  }

  #showOperation() {
    const o = this.#operation;
    const box = this.#root.querySelector("#parameters");
    this.#fields = [];
    const set = element("fieldset", {}, element("legend", { text: "Parameters" }));
    for (const p of o.parameters ?? []) {
      const input = element("input", { name: `p-${p.name}`, required: p.required === true });
      if (p.name === "websiteId" && chosen) input.value = chosen.id;
      if (p.name === "fields" && p.required) input.value = "visitors,sessions";
      this.#fields.push({ ...p, input });
      set.append(element("label", { text: p.name }, input));
    }
    const parts = this.#fields.length > 0 ? [set] : [];
    const example = o.requestBody?.content?.["application/json"]?.example;
    if (o.requestBody) {
      const body = element("textarea", { name: "body", spellcheck: "false" });
      body.value = JSON.stringify(example ?? {}, null, 2);
      parts.push(element("label", { text: "Body" }, body));
    }
    box.replaceChildren(...parts);
    this.#root.querySelector("#output").replaceChildren();
  }

  #offerKey(website) {
    const make = this.#root.querySelector("#make");
    make.textContent = `Make a key for ${website.domain}`;
    make.hidden = false;
    const input = this.#fields.find(({ name }) => name === "websiteId")?.input;
    if (input) input.value = website.id;
  }

  #say(text) { this.#root.querySelector("#key-state").textContent = text; }

  async #makeKey() {
    try {
      if (this.#made) await this.#dropKey();
      const { data } = await json(`/api/v1/admin/websites/${chosen.id}/apikeys`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name: "Playground" }),
      });
      this.#made = { websiteId: chosen.id, id: data[0]._id, key: data[0].key };
      this.#root.querySelector("[name=token]").value = this.#made.key;
      this.#root.querySelector("#drop").hidden = false;
      this.#say(`Key “Playground” made for ${chosen.domain}. It is deleted when you leave this page.`);
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #dropKey() {
    try {
      await json(`/api/v1/admin/websites/${this.#made.websiteId}/apikeys/${this.#made.id}`, { method: "DELETE" });
      this.#made = null;
      this.#root.querySelector("[name=token]").value = "";
      this.#root.querySelector("#drop").hidden = true;
      this.#say("The key is deleted.");
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #send() {
    const o = this.#operation;
    let path = o.path;
    const query = new URLSearchParams();
    for (const { name, in: where, input } of this.#fields) {
      if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(input.value));
      else if (input.value !== "") query.set(name, input.value);
    }
    const url = query.size > 0 ? `${path}?${query}` : path;
    const body = this.#root.querySelector("[name=body]")?.value;
    const token = this.#root.querySelector("[name=token]").value.trim();
    const output = this.#root.querySelector("#output");
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 30_000);
    try {
      const started = performance.now();
      const response = await fetch(url, {
        method: o.method, credentials: "omit", signal: leave.signal,
        headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it came */ }
      output.replaceChildren(
        element("h2", { text: "Answer" }),
        element("p", { text: `${response.status} in ${Math.round(performance.now() - started)} ms: ${o.method} ${url}` }),
        element("pre", { tabindex: "0" }, element("code", { text: shown })),
      );
    } catch (error) {
      output.replaceChildren(element("p", { role: "alert", text: `No answer: ${error.message}` }));
    }
  }
}

noteOriginals();
const offered = offerWebsites().catch(() => {}); // not signed in, or away: the page is complete without it
const root = document.getElementById("playground");
if (root) offered.then(() => new Playground(root).start()).catch((error) => root.replaceChildren(element("p", { role: "alert", text: error.message })));
