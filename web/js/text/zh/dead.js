/* SPDX-License-Identifier: MIT
 * Chinese texts of dead letters, and of jobs. */
export default {
    "dead.topic": "主题", "dead.node": "节点", "dead.newest": "最新死信", "dead.ago": "{age}前", "dead.filter": "筛选主题",
    "dead.none": "没有死信", "dead.none.hint": "已投递的消息都已按时确认，或仍在重试中。", "dead.none.match": "没有符合条件的结果",
    "dead.away": "以下节点没有响应，其死信情况未知：{ids}", "dead.down": "节点 {id} 没有响应，当前显示的可能是旧数据。", "dead.gone": "该节点上已没有这个主题。",
    "dead.on": "位于节点 {id}", "dead.id": "ID", "dead.died": "变为死信", "dead.retries": "重试", "dead.reason": "原因",
    "dead.body": "消息体", "dead.again": "再次变为死信", "dead.older": "变为死信至少", "dead.older.any": "不限时间",
    "dead.older.10m": "超过 10 分钟", "dead.older.1h": "超过 1 小时", "dead.older.1d": "超过 1 天", "dead.older.7d": "超过 7 天",
    "dead.text": "消息体或原因包含", "dead.all": "全部符合条件的 {n} 条，包括未显示的", "dead.picked": "已选 {n} 条", "dead.more": "显示更多",
    "dead.history": "历史与操作", "dead.redrive": "重新投递 {n} 条…", "dead.delete": "删除 {n} 条…", "dead.export": "导出 JSONL",
    "dead.export.stop": "停止（{n}）", "dead.redrive.title": "重新投递 {n} 条消息",
    "dead.redrive.text": "消息将回到 {topic} 重新等待消费，最早的先投递，重试次数从 0 开始计。",
    "dead.redrive.many": "{n} 个主题的全部死信将各自回到原主题重新等待消费。", "dead.redrive.to": "目标主题",
    "dead.redrive.moved": "转到其他主题时，消息会得到新的 ID。", "dead.redrive.rate": "每秒条数",
    "dead.redrive.rate.hint": "限速可保护刚刚恢复的消费者。", "dead.redrive.rate.wrong": "请输入 1 到 999,999 的整数",
    "dead.redrive.fast": "不限速", "dead.redrive.delay": "先延迟", "dead.redrive.do": "重新投递 {n} 条",
    "dead.delete.title": "删除 {n} 条死信", "dead.delete.text": "消息将从 {topic} 中永久删除。若以后可能用到，请先导出。",
    "dead.delete.do": "删除 {n} 条", "jobs.redrive": "{topic} 重新投递", "jobs.redrive.to": "从 {topic} 重新投递到 {to}",
    "jobs.delete": "{topic} 删除死信", "jobs.running": "进行中", "jobs.done": "已完成", "jobs.cancelled": "已停止",
    "jobs.failed": "失败", "jobs.lost": "节点无响应", "jobs.of": "{done} / {total}", "jobs.count": "已处理 {n} 条",
    "jobs.again": "{n} 条再次变为死信", "jobs.stop": "停止",
};
