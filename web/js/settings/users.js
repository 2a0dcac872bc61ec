/* SPDX-License-Identifier: MIT
 * Who may log in, for admins: add, change role or password, delete. */
import { useEffect, useState } from "/lib/hooks.js";
import { html } from "../html.js";
import { errorText, get, patch, post, remove } from "../api.js";
import { t } from "../i18n.js";
import { session } from "../store.js";
import { ask } from "../parts/confirm.js";
import { Dialog } from "../parts/dialog.js";
import { Field } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { Failed, Loading } from "../parts/states.js";
import { Table } from "../parts/table.js";
import { attempt } from "../parts/toast.js";

/** @typedef {import("../types.js").User} User */

const ROLES = ["admin", "viewer"];

/** @param {{value: string, onChange: (v: string) => void, label?: string, id?: string, testid?: string}} props */
function Role({ value, onChange, label, id, testid, ...aria }) {
    return html`<select ...${aria} id=${id} value=${value} aria-label=${label} data-testid=${testid}
        onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
        ${ROLES.map((r) => html`<option key=${r}
            value=${r} selected=${r === value}>${t(`role.${r}`)}</option>`)}</select>`;
}

/** A new user, or a new password for one.
 * @param {{user: User | null, onClose: () => void, onDone: () => void}} props */
function Edit({ user, onClose, onDone }) {
    const [name, setName] = useState(user?.name ?? "");
    const [password, setPassword] = useState("");
    const [role, setRole] = useState("viewer");
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const submit = async (/** @type {Event} */ e) => {
        e.preventDefault();
        try {
            await (user ? patch(`users/${encodeURIComponent(user.name)}`, { password }) : post("users", { name,
                password, role }));
            onDone();
        } catch (problem) {
            setError(problem);
        }
    };

    return html`<${Dialog} title=${user ? t("settings.reset", { name: user.name }) : t("settings.add")}
        onClose=${onClose}
        testid="user-dialog"><form class="stack" onSubmit=${submit}>
        ${!user && html`<${Field} label=${t("login.name")}><input value=${name} required maxlength="64"
            autocomplete="off"
            autofocus spellcheck=${false} data-testid="user-name" onInput=${(/** @type {any} */ e) =>
                setName(e.target.value)} /><//>
            <${Field} label=${t("settings.role")} hint=${t("settings.role.hint")}>
                <${Role} value=${role} onChange=${setRole} testid="user-role" /><//>`}
        <${Field} label=${t("settings.new")} hint=${user ? t("settings.reset.hint") : t("settings.password.hint")}>
            <input type="password" value=${password} required autocomplete="new-password" data-testid="user-password"
                onInput=${(/** @type {any} */ e) => setPassword(e.target.value)} /><//>
        ${error && html`<p class="bad iso" role="alert">${errorText(error)}</p>`}
        <div class="dialog-foot"><button type="button" class="button" onClick=${onClose}>${t("cancel")}</button>
            <button class="button primary" data-testid="confirm">${t("save")}</button></div></form><//>`;
}

export function Users() {
    const [users, setUsers] = useState(/** @type {User[] | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [editing, setEditing] = useState(/** @type {User | null | undefined} */ (undefined));
    const read = () => get("users").then((a) => { setUsers(a.users); setError(null); }, setError);
    const path = (/** @type {User} */ u) => `users/${encodeURIComponent(u.name)}`;
    const change = async (/** @type {() => Promise<any>} */ action, /** @type {string} */ said) => {
        await attempt(action, () => said);
        await read();
    };
    const drop = async (/** @type {User} */ u) => await ask({ title: t("settings.delete.title", { name: u.name }),
        text: t("settings.delete.text"), action: t("settings.delete"), danger: true })
        && change(() => remove(path(u)), t("settings.deleted", { name: u.name }));

    useEffect(() => { read(); }, []);
    const columns = [
        { key: "name", label: t("login.name"), main: true, sort: (/** @type {User} */ u) => u.name,
            cell: (/** @type {User} */ u) =>
            html`<span class="iso">${u.name}</span>${u.name === session.value?.user?.name
                && html` <span class="muted">${t("settings.you")}</span>`}` },
        { key: "role", label: t("settings.role"), cell: (/** @type {User} */ u) => html`<${Role} value=${u.role}
            label=${t("settings.role")} onChange=${(/** @type {string} */ role) => change(() => patch(path(u),
                { role }), t("settings.saved"))} />` },
        { key: "do", label: "", bare: true, cell: (/** @type {User} */ u) => html`<div class="row end"><button
            class="button small-button" onClick=${() => setEditing(u)}
                data-testid="user-reset">${t("settings.reset.do")}</button><button
            class="button small-button danger" onClick=${() => drop(u)}
                data-testid="user-delete">${t("settings.delete")}</button></div>` },
    ];

    return html`<section class="card"><div class="card-head spread"><h2>${t("settings.users")}</h2>
            <button class="button small-button" onClick=${() => setEditing(null)} data-testid="user-add">
                <${Icon} name="plus" size=${13} />${t("settings.add")}</button></div>
        ${error ? html`<${Failed} error=${error} retry=${read} />` : users === null ? html`<${Loading} />`
            : html`<${Table} label=${t("settings.users")} testid="users" columns=${columns} rows=${users}
                keyOf=${(/** @type {User} */ u) => u.name} order=${{ key: "name", down: false }} />`}
        ${editing !== undefined && html`<${Edit} user=${editing} onClose=${() => setEditing(undefined)}
            onDone=${() => { setEditing(undefined); read(); }} />`}</section>`;
}
