/* list_test.c - see list.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/list.h"

struct item {
    int number;
    struct list node;
};

static int number_of(struct list *node) { return CONTAINER_OF(node, struct item, node)->number; }

static void fill(struct list *list, struct item *items, int count)
{
    list_init(list);
    for (int i = 0; i < count; i++) {
        items[i].number = i;
        list_add_tail(list, &items[i].node);
    }
}

TEST(list_pops_in_the_order_of_its_tail)
{
    struct item items[3];
    struct list list;

    fill(&list, items, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(number_of(list_pop(&list)), i);
    assert_null(list_pop(&list));
    assert_true(list_empty(&list));
}

TEST(list_lets_a_node_go_inside_the_loop)
{
    struct item items[6];
    struct list list;
    int seen = 0;

    fill(&list, items, 6);
    LIST_EACH(&list, node, after)
    {
        assert_int_equal(number_of(node), seen++);
        if (seen % 2 == 0) {
            list_remove(node);
            assert_true(list_empty(node));
        }
    }
    assert_int_equal(seen, 6);
    for (int i = 0; i < 6; i += 2)
        assert_int_equal(number_of(list_pop(&list)), i);
    assert_true(list_empty(&list));
    list_remove(&items[0].node);
}

TEST(list_take_moves_all_or_nothing_there_is)
{
    struct item items[2];
    struct list from, to;

    fill(&from, items, 2);
    list_take(&to, &from);
    assert_true(list_empty(&from));
    assert_int_equal(number_of(list_pop(&to)), 0);
    assert_int_equal(number_of(list_pop(&to)), 1);
    list_take(&to, &from);
    assert_true(list_empty(&to));
}
