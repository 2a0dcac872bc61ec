/* SPDX-License-Identifier: MIT
 * The head of a screen. */
import { html } from "../html.js";

/** Head of a screen: its title, which gets the focus when it is opened, and what can be done.
 * @param {{title: any, children?: any, before?: any, after?: any}} props children: buttons; after: beside the title */
export function PageHead({ title, children, before, after }) {
    return html`<header class="page-head">${before}
        <h1 tabindex="-1" class="iso" data-testid="title">${title}</h1>${after}
        ${children && html`<div class="actions">${children}</div>`}</header>`;
}
