/* SPDX-License-Identifier: MIT
 * Chinese texts of the audit. */
export default {
    "audit.at": "时间", "audit.user": "用户", "audit.action": "操作", "audit.target": "对象", "audit.count": "数量",
    "audit.result": "结果", "audit.address": "来源", "audit.ok": "成功", "audit.filter": "筛选", "audit.refresh": "刷新",
    "audit.more": "更早的记录", "audit.none": "还没有任何变更",
};
