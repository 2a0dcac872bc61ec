/* SPDX-License-Identifier: MIT
 * html`...` makes Preact's elements. Text that is put in stays text: there is no way to markup from here. */
import { h } from "/lib/preact.js";
import htm from "/lib/htm.js";

export const html = htm.bind(h);
