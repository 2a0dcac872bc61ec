/* SPDX-License-Identifier: MIT
 * English texts of the audit. */
export default {
    "audit.at": "Time", "audit.user": "User", "audit.action": "Action", "audit.target": "Target",
    "audit.count": "Count", "audit.result": "Result", "audit.address": "From", "audit.ok": "ok",
    "audit.filter": "Filter", "audit.refresh": "Refresh", "audit.more": "Older entries",
    "audit.none": "Nothing was changed yet",
};
