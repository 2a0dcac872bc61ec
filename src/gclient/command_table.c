/* command_table.c - the commands of gclient's own form; see command.h. SPDX-License-Identifier: MIT */
#include "gclient/command.h"

const struct command COMMANDS[] = {
    {"push", FOR_PUSH, "TOPIC BODY", 2, 2, "push a message, or many",
     "Prints the ids. BODY - is read from standard input, to its end. Many messages are pipelined.\n",
     "  gclient push mail 'hello'\n"
     "  gclient push mail - --delay 1h30m < letter.bin\n"
     "  gclient push load job --count 100000 --suffix _ --quiet\n",
     push_run},
    {"pop", FOR_POP, "TOPIC...", 1, GMQ_TOPICS_MAX, "take messages",
     "Prints id, retry count and body of each; odd bytes are shown as \\xNN. Stops when the topic is empty, with\n"
     "--wait when nothing has come for so long. Of several topics the first that has a message serves.\n"
     "What is not acked within the node's time to run is delivered again.\n",
     "  gclient pop mail\n"
     "  gclient pop mail --count 100 --ack --json\n"
     "  gclient pop mail --raw --ack > letter.bin\n"
     "  gclient pop urgent mail --wait 30 --ack\n"
     "  gclient pop mail --client worker-1\n",
     pop_run},
    {"ack", FOR_ACK, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "say that messages are done", "",
     "  gclient ack mail 1309082545060581376\n", ack_run},
    {"dead", FOR_DEAD, "list|show|redrive|delete|export|take|TOPIC [TOPIC|ID] [ID...]", 1, FLAGS_WORDS_MAX,
     "dead messages: look, bring back, delete, export, take",
     "list TOPIC, show ID, redrive TOPIC (as gclient redrive), delete TOPIC with ids, --all, --older-than or --text,\n"
     "export TOPIC: a line of JSON each, all of them or --limit. take TOPIC, or TOPIC alone, takes --count messages\n"
     "off the node, for good. Where input and output are a terminal it asks first: what is printed there is nowhere\n"
     "else any more.\n",
     "  gclient dead list mail\n"
     "  gclient dead export mail > dead.jsonl\n"
     "  gclient dead redrive mail --older-than 1d --rate 50\n"
     "  gclient dead delete mail --text 'no such address'\n"
     "  gclient dead mail --count 10 --json >> dead.jsonl\n",
     dead_run},
    {"set", FOR_SET, "TOPIC on|off", 2, 2, "switch auto-ack: messages are done once popped", "",
     "  gclient set metrics on\n", set_run},
    {"peek", FOR_PEEK, "TOPIC", 1, 1, "look at the messages of a topic, and change nothing",
     "In the order in which they come next, or with --from tail from the other end. Where there are more than\n"
     "--limit, the last line on standard error says how to go on.\n",
     "  gclient peek mail\n"
     "  gclient peek mail --state in_flight --json\n"
     "  gclient peek mail --state delayed --text invoice --limit 1000\n",
     peek_run},
    {"get", FOR_GET, "ID|TOPIC", 1, 1, "show one message, wherever it is",
     "By its id, or by the topic and --key. A message that is gone is known as long as the log of its time is kept.\n",
     "  gclient get 1309082545060581376\n"
     "  gclient get mail --key invoice-7\n"
     "  gclient get 1309082545060581376 --raw > letter.bin\n",
     get_run},
    {"history", FOR_HISTORY, "ID", 1, 1, "what happened to a message, and when", "",
     "  gclient history 1309082545060581376\n", history_run},
    {"cancel", FOR_CANCEL, "ID...", 1, FLAGS_WORDS_MAX, "delete messages, in whatever state they are",
     "Says where each one was. Of a cancel and a delivery at the same time one wins, and this says which.\n",
     "  gclient cancel 1309082545060581376\n", cancel_run},
    {"reschedule", FOR_RESCHEDULE, "ID...", 1, FLAGS_WORDS_MAX, "give messages another time to come",
     "For delayed, ready and dead messages, with --delay or --at.\n",
     "  gclient reschedule 1309082545060581376 --delay 2h\n"
     "  gclient reschedule 1309082545060581376 --at 2026-01-31T08:00:00Z\n",
     reschedule_run},
    {"promote", FOR_PROMOTE, "ID...", 1, FLAGS_WORDS_MAX, "let messages come now", "",
     "  gclient promote 1309082545060581376\n", promote_run},
    {"nack", FOR_NACK, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "give popped messages back",
     "They come again by the topic's settings, or after --delay.\n",
     "  gclient nack mail 1309082545060581376 --delay 10m\n", nack_run},
    {"reject", FOR_REJECT, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "make popped messages dead", "",
     "  gclient reject mail 1309082545060581376 --reason 'no such address'\n", reject_run},
    {"touch", FOR_TOUCH, "TOPIC ID...", 2, FLAGS_WORDS_MAX, "take more time for popped messages",
     "The time to run begins anew, as it was or with --ttr.\n",
     "  gclient touch mail 1309082545060581376 --ttr 5m\n", touch_run},
    {"redrive", FOR_REDRIVE, "TOPIC [ID...]", 1, FLAGS_WORDS_MAX, "bring dead messages back",
     "Those with the ids, or --all, or what --older-than and --text leave. The node does it as a job: see\n"
     "gclient jobs.\n",
     "  gclient redrive mail --all --rate 100\n"
     "  gclient redrive mail 1309082545060581376 --delay 1h\n"
     "  gclient redrive mail --text 'no such address' --to mail.check\n",
     redrive_run},
    {"purge", FOR_PURGE, "TOPIC", 1, 1, "delete all messages of a topic that are in one state",
     "On a terminal it wants the topic's name typed; elsewhere it wants --yes.\n",
     "  gclient purge mail --state ready\n", purge_run},
    {"pause", FOR_PAUSE, "TOPIC", 1, 1, "stop pushes to a topic, pops from it, or both",
     "Until gclient resume, or with an end.\n",
     "  gclient pause mail --pop --for 30m\n", pause_run},
    {"resume", FOR_RESUME, "TOPIC", 1, 1, "let a paused topic go on", "",
     "  gclient resume mail\n", resume_run},
    {"topic", FOR_TOPIC, "list|show|create|set|delete [TOPIC]", 1, 2, "topics and their settings",
     "list shows those with TOPIC in their name. delete takes the messages with it: on a terminal it wants the name\n"
     "typed, elsewhere --yes. What a setting is not given for stays as it is; default takes it back to the node's.\n",
     "  gclient topic list\n"
     "  gclient topic create mail --ttr 2m --retry exponential --delays 10s --cap 1h --jitter 20\n"
     "  gclient topic set mail --max-messages 100000 --over reject --max-age default\n"
     "  gclient topic delete mail\n",
     topic_run},
    {"jobs", FOR_JOBS, "[ID]", 0, 1, "what the node does in the background: redrives and deletions", "",
     "  gclient jobs\n"
     "  gclient jobs 3 --cancel\n",
     jobs_run},
    {"consumers", FOR_CONSUMERS, "TOPIC", 1, 1, "who pops from a topic, and what they hold", "",
     "  gclient consumers mail\n", consumers_run},
    {"node", FOR_NODE, "show", 1, 1, "how a node is: uptime, log, memory, connections", "",
     "  gclient node show\n", node_run},
    {"top", FOR_TOP, "[TEXT]", 0, 1, "the topics of a node as they change",
     "A table that is drawn anew at every --interval, of the topics with TEXT in their name. Keys: s sorts by the\n"
     "next column, r turns the order, q ends. Elsewhere than on a terminal it prints a table after the other; with\n"
     "--json an object for each interval.\n",
     "  gclient top\n"
     "  gclient top --once --sort oldest\n"
     "  gclient top --json --interval 10s >> figures.jsonl\n",
     top_run},
    {"tail", FOR_TAIL, "TOPIC", 1, 1, "follow a topic: print messages as they come, and leave them there",
     "It looks at the ready messages every --interval and takes none. What was pushed and popped between two looks is\n"
     "not seen; it says how many it missed. Ctrl-C ends it, with exit code 0.\n",
     "  gclient tail mail\n"
     "  gclient tail mail --json | jq .body\n",
     tail_run},
    {"stat", FOR_STAT, "[TOPIC]", 0, 1, "show the figures of a topic, or of all together", "",
     "  gclient stat mail\n"
     "  gclient stat mail --json --http 10.0.0.7:9504\n",
     stat_run},
    {"topics", FOR_TOPICS, "", 0, 0, "list the topics with their figures", "",
     "  gclient topics\n", topics_run},
    {"nodes", FOR_NODES, "", 0, 0, "list the nodes that the registry knows", "",
     "  gclient nodes --register http://10.0.0.1:9595,http://10.0.0.2:9595\n", nodes_run},
    {"bench", FOR_BENCH, "push|pop|mixed [TOPIC]", 1, 2, "put load on a node: rates, latencies and their chart",
     "push pushes; pop pops and acks; mixed pushes, pops and acks in turn. The latency of a request runs from when it\n"
     "was sent to its answer, with --rate from when it should have been sent, so that a node which stalls cannot hide\n"
     "what waits behind the stall.\n"
     "Without TOPIC a topic bench.PID is used, filled first for pop, and emptied at the end. With TOPIC only messages\n"
     "that bench has pushed are acked: any other one ends the run, unless --yes is given.\n"
     "Ctrl-C ends the run and prints what it has.\n",
     "  gclient bench push\n"
     "  gclient bench push --batch 100 --size 1k --count 1000000\n"
     "  gclient bench mixed --rate 5000 --duration 1m --in-flight 1000 --csv series.csv\n"
     "  gclient bench pop --clients 50 --in-flight 1 --json\n",
     bench_run},
    {"latency", FOR_LATENCY, "", 0, 0, "how long a node takes to answer",
     "Asks /ping over one connection again and again, which changes nothing on the node. Ctrl-C prints quantiles and\n"
     "chart. A ping that comes late because the one before it took so long counts from its own time.\n",
     "  gclient latency\n"
     "  gclient latency --count 100 --interval 10ms --json\n",
     latency_run},
    {"check", FOR_CHECK, "node|topic [TOPIC]", 1, 2, "one line and an exit code for a monitor",
     "Exits with 0 ok, 1 warning, 2 critical, 3 unknown (also for a wrong command line), as Nagios has it.\n"
     "node looks at both doors and at all topics together, topic at one of them.\n",
     "  gclient check node --latency-max 500ms --dead-warn 0\n"
     "  gclient check topic mail --ready-warn 1000 --ready-max 10000 --dead-max 0\n"
     "  gclient check topic mail --ready-max 10000 --format prometheus\n",
     monitor_run},
    {"context", FOR_CONTEXT, "ls|show|add|select|rm [CONTEXT]", 1, 2, "addresses under a name, and which one is meant",
     "add writes a context from --node, --http, --register and --description; select makes it the one that is used\n"
     "when nothing else is said, and without CONTEXT none.\n",
     "  gclient context add live --node 10.0.0.7:9503 --http 10.0.0.7:9504 --register 10.0.0.1:9595\n"
     "  gclient context select live\n"
     "  gclient context ls\n"
     "  gclient topics --context live\n",
     context_run},
    {"errors", FOR_ERRORS, "[ERROR]", 0, 1, "look up what an error means and what to do",
     "ERROR is a name, a code, an exit code of libgmq, or a part of the text.\n",
     "  gclient errors\n"
     "  gclient errors TOPIC_LIMIT\n"
     "  gclient errors 'disk full'\n",
     errors_run},
    {"completion", FOR_COMPLETION, "bash|zsh|fish", 1, 1, "print the completion for a shell", "",
     "  . <(gclient completion bash)\n"
     "  gclient completion zsh > ~/.zsh/_gclient\n"
     "  gclient completion fish > ~/.config/fish/completions/gclient.fish\n",
     completion_run},
    {"help", FOR_HELP, "[COMMAND]", 0, 1, "this text, or more about a command, with examples", "",
     "  gclient help bench\n"
     "  gclient help --man | man -l -\n",
     help_run},
};
const size_t COMMANDS_COUNT = ARRAY_LEN(COMMANDS);
