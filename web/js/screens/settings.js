/* SPDX-License-Identifier: MIT
 * Settings: how the pages look, one's own password, users, and where the nodes describe themselves. */
import { useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { errorText, put } from "../api.js";
import { language, setLanguage, t } from "../i18n.js";
import { fleet, isAdmin, session } from "../store.js";
import { Choice, Field } from "../parts/field.js";
import { PageHead } from "../parts/page.js";
import { notify } from "../parts/toast.js";
import { Users } from "../settings/users.js";

/** The theme that was chosen; "" follows the system. */
function chosenTheme() {
    try {
        return localStorage.getItem("gmq.theme") ?? "";
    } catch {
        return "";
    }
}

/** @param {string} theme */
function keepTheme(theme) {
    try {
        localStorage.setItem("gmq.theme", theme);
    } catch {
        /* storage is switched off: the system's theme it is */
    }
    dispatchEvent(new Event("settheme"));
}

function Looks() {
    const [theme, setTheme] = useState(chosenTheme);

    return html`<section class="card card-pad stack"><h2>${t("settings.looks")}</h2>
        <div class="field"><span>${t("settings.theme")}</span><${Choice} label=${t("settings.theme")} testid="set-theme"
            value=${theme} onChange=${(/** @type {string} */ v) => { keepTheme(v); setTheme(v); }} options=${[
                { value: "", label: t("settings.theme.system") }, { value: "light", label: t("settings.theme.light") },
                { value: "dark", label: t("settings.theme.dark") }]} /></div>
        <div class="field"><span>${t("settings.language")}</span><${Choice} label=${t("settings.language")}
            testid="set-language"
            value=${language.value} onChange=${(/** @type {"en" | "zh"} */ v) => setLanguage(v)}
            options=${[{ value: "en", label: "English" }, { value: "zh", label: "中文" }]} /></div></section>`;
}

function Password() {
    const empty = { old: "", new: "", again: "" };
    const [f, setF] = useState(empty);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const different = f.again !== "" && f.new !== f.again;
    const input = (/** @type {keyof typeof f} */ name, /** @type {string} */ auto) =>
        html`<input type="password" required
        autocomplete=${auto} value=${f[name]} data-testid=${`password-${name}`}
        onInput=${(/** @type {any} */ e) => setF({ ...f, [name]: e.target.value })} />`;
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        try {
            await put("password", { old: f.old, new: f.new });
            notify(t("settings.password.done"));
            setF(empty);
            setError(null);
        } catch (problem) {
            setError(problem);
        }
    };

    return html`<section class="card card-pad"><form class="stack" onSubmit=${submit}><h2>${t("settings.password")}</h2>
        <input type="text" name="username" value=${session.value?.user?.name} autocomplete="username" hidden readonly />
        <${Field} label=${t("settings.old")}>${input("old", "current-password")}<//>
        <${Field} label=${t("settings.new")} hint=${t("settings.password.hint")}>${input("new", "new-password")}<//>
        <${Field} label=${t("settings.again")} error=${different ? t("settings.different") : undefined}>
            ${input("again", "new-password")}<//>
        ${error && html`<p class="bad iso" role="alert">${errorText(error)}</p>`}
        <div class="dialog-foot"><button class="button primary" disabled=${different || f.again === ""}
            data-testid="password-save">
            ${t("settings.password.do")}</button></div></form></section>`;
}

/** Where nodes describe themselves; opened by the browser, so only of use where it can reach them. */
function About() {
    const nodes = fleet.value?.nodes.filter((n) => n.listed) ?? [];

    return html`<section class="card card-pad stack-small"><h2>${t("settings.about")}</h2>
        <p class="muted">gweb ${session.value?.version}</p>
        ${nodes.length > 0 && html`<p class="muted small">${t("settings.links")}</p><ul class="stack-small">
            ${nodes.map((n) => html`<li key=${n.id} class="row"><span>${t("nodes.node", { id: String(n.id) })}</span>
                ${[["OpenAPI", "/api/openapi.yaml"], ["readyz", "/readyz"]].map(([name, path]) => html`<a key=${name}
                    href=${`http://${n.http_addr}${path}`} target="_blank" rel="noopener noreferrer">${name}</a>`)}
                </li>`)}
            </ul>`}
        </section>`;
}

export default function Settings() {
    const auth = session.value?.auth === "on";

    return html`<${PageHead} title=${t("nav.settings")} /><div class="two even">
        <div class="stack"><${Looks} />${auth && html`<${Password} />`}<${About} /></div>
        <div class="stack">${auth && isAdmin.value ? html`<${Users} />`
            : !auth && html`<section class="card card-pad"><p
                class="muted">${t("settings.no.auth")}</p></section>`}</div></div>`;
}
