/* SPDX-License-Identifier: MIT
 * English texts of settings. */
export default {
    "settings.looks": "Appearance", "settings.theme": "Theme", "settings.theme.system": "As the system",
    "settings.theme.light": "Light", "settings.theme.dark": "Dark", "settings.language": "Language",
    "settings.password": "Your password", "settings.old": "Old password", "settings.new": "New password",
    "settings.again": "New password again", "settings.different": "The two are different",
    "settings.password.hint": "8 characters or more", "settings.password.do": "Change password",
    "settings.password.done": "Your password is changed", "settings.users": "Users", "settings.role": "Role",
    "settings.role.hint": "Viewers see everything and change nothing.", "settings.add": "Add a user",
    "settings.you": "you", "settings.saved": "Saved", "settings.reset": "New password for {name}",
    "settings.reset.do": "New password…",
    "settings.reset.hint": "Ends all sessions of this user. 8 characters or more.", "settings.delete": "Delete",
    "settings.delete.title": "Delete user {name}?", "settings.delete.text": "Their sessions end at once.",
    "settings.deleted": "User {name} is deleted", "settings.about": "About",
    "settings.links": "Nodes describe themselves here, where your browser can reach them:",
    "settings.no.auth":
        "gweb runs without login (auth=off): everybody who reaches it may change everything. There are no "
        + "users to manage.",
};
