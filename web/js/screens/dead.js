/* SPDX-License-Identifier: MIT
 * Dead letters: which topics have some, or those of one topic. */
import { html } from "../html.js";
import { Desk } from "../dead/desk.js";
import { DeadTopics } from "../dead/topics.js";

/** @param {{params: Record<string, string>}} props */
export default function Dead({ params }) {
    return params.node === undefined ? html`<${DeadTopics} />`
        : html`<${Desk} node=${Number(params.node)} topic=${params.topic} />`;
}
