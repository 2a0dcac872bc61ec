/* SPDX-License-Identifier: MIT
 * Chinese texts of sending, and of taking by hand. */
export default {
    "send.title": "发送消息", "send.topic": "主题", "send.node": "节点", "send.node.one": "节点 {id}", "send.node.down": "不可用",
    "send.by.weight": "按权重", "send.by.random": "随机", "send.by.round": "轮询", "send.body": "消息体",
    "send.kind.json": "JSON 有效", "send.kind.broken": "看起来像 JSON，但格式有误", "send.kind.text": "文本", "send.pretty": "格式化",
    "send.delay": "投递时间", "send.delay.0": "立即", "send.delay.10s": "10 秒后", "send.delay.1m": "1 分钟",
    "send.delay.1h": "1 小时", "send.delay.3d": "3 天", "send.delay.other": "其他…", "send.delay.at": "指定时间",
    "send.fields": "更多选项", "send.count": "条数", "send.key": "键", "send.key.hint": "自定义名称，便于查找", "send.dedup": "去重键",
    "send.dedup.hint": "相同去重键的推送只有第一次生效", "send.retries": "最大重试次数", "send.topics": "沿用主题设置", "send.ttr": "确认时限（TTR）",
    "send.lifetime": "有效期", "send.lifetime.hint": "到时仍未被消费则自动丢弃", "send.unlimited": "不限", "send.headers": "消息头",
    "send.headers.hint": "每行一个，格式为 名称: 值", "send.auto_ack": "自动确认：投递即完成", "send.do": "发送 {n} 条",
    "send.no.node": "没有可用的节点", "send.sent": "已发送", "send.empty": "发送的消息会显示在这里，状态实时更新。", "send.on": "节点 {node}，{time}",
    "send.duplicate": "已有相同去重键的消息，本次没有新增。", "send.more": "另有 {n} 条", "send.state.delayed": "{age}后到期",
    "send.state.in_flight": "由 {holder} 持有，剩余确认时间 {age}", "send.commands": "等效命令", "send.wrong.topic": "请填写主题",
    "send.wrong.count": "请输入 1 到 1000 的整数", "send.wrong.headers": "每行须为 名称: 值，名称不含空格",
    "send.wrong.retries": "请输入 0 到 254 的整数", "send.wrong.ttr": "应为 1 到 300 秒", "take.head": "手动取出消息",
    "take.hint": "会消费消息", "take.do": "取出一条…", "take.title": "要从消费者手中取走一条消息吗？",
    "take.text": "节点 {node} 上 {topic} 最早的待消费消息将投递给您，而不是消费者。请在时限内确认、退回或转为死信。若只想查看，请使用主题页的消息列表。",
    "take.topic": "请先在上方填写主题。", "take.node": "请先在上方选定一个节点，而非分配策略。", "take.none": "没有待消费的消息。",
    "take.delivery": "第 {n} 次投递", "take.left": "剩余 {age}", "take.over": "已超时，消息已退回队列。", "take.ack": "确认",
    "take.back": "退回", "take.dead": "转为死信", "take.reason": "手动操作", "take.done.ack": "已确认，处理完成",
    "take.done.back": "已退回队列", "take.done.dead": "已转为死信",
};
