/* choice_test.c - the three choices. SPDX-License-Identifier: MIT */
#include "client/choice.h"

#include "unit/unit.h"

static void count_choices(enum gmq_choice how, const struct choice_node *nodes, size_t count, unsigned rounds,
                          unsigned *ret_hits)
{
    struct choice_rng rng = {.state = 42};
    size_t turn = 0;

    for (unsigned i = 0; i < rounds; i++) {
        int at = choice_next(how, nodes, count, &rng, &turn);
        assert_in_range(at, 0, count - 1);
        ret_hits[at]++;
    }
}

TEST(choice_of_nothing_is_none)
{
    struct choice_node down[] = {{.weight = 1}, {.weight = 2}};
    struct choice_rng rng = {.state = 1};
    size_t turn = 0;

    for (int how = GMQ_BY_WEIGHT; how <= GMQ_BY_ROUND_ROBIN; how++) {
        assert_int_equal(choice_next((enum gmq_choice)how, NULL, 0, &rng, &turn), CHOICE_NONE);
        assert_int_equal(choice_next((enum gmq_choice)how, down, 2, &rng, &turn), CHOICE_NONE);
    }
}

TEST(choice_by_weight_keeps_the_proportion)
{
    struct choice_node nodes[] = {
        {.weight = 1, .usable = true}, {.weight = 7, .usable = true}, {.weight = 100}, {.weight = 0, .usable = true}};
    unsigned hits[4] = {0};

    count_choices(GMQ_BY_WEIGHT, nodes, 4, 80000, hits);
    assert_in_range(hits[0], 9000, 11000);
    assert_in_range(hits[1], 69000, 71000);
    assert_int_equal(hits[2] + hits[3], 0);
}

TEST(choice_by_weight_of_nodes_without_weight_is_alike)
{
    struct choice_node nodes[] = {{.usable = true}, {.usable = true}};
    unsigned hits[2] = {0};

    count_choices(GMQ_BY_WEIGHT, nodes, 2, 10000, hits);
    assert_in_range(hits[0], 4500, 5500);
}

TEST(choice_by_weight_bears_the_largest_weights)
{
    struct choice_node nodes[] = {{.weight = UINT32_MAX, .usable = true}, {.weight = UINT32_MAX, .usable = true}};
    unsigned hits[2] = {0};

    count_choices(GMQ_BY_WEIGHT, nodes, 2, 10000, hits);
    assert_in_range(hits[0], 4500, 5500);
}

TEST(choice_at_random_ignores_weights)
{
    struct choice_node nodes[] = {
        {.weight = 1, .usable = true}, {.weight = 9, .usable = true}, {.weight = 0, .usable = true}};
    unsigned hits[3] = {0};

    count_choices(GMQ_BY_RANDOM, nodes, 3, 30000, hits);
    for (int i = 0; i < 3; i++)
        assert_in_range(hits[i], 9500, 10500);
}

TEST(choice_in_turn_goes_round_and_passes_over_the_unusable)
{
    struct choice_node nodes[] = {{.usable = true}, {.usable = false}, {.usable = true}};
    const int want[] = {0, 2, 0, 2, 0};
    struct choice_rng rng = {.state = 1};
    size_t turn = 0;

    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_int_equal(choice_next(GMQ_BY_ROUND_ROBIN, nodes, 3, &rng, &turn), want[i]);
    turn = SIZE_MAX;
    assert_in_range(choice_next(GMQ_BY_ROUND_ROBIN, nodes, 3, &rng, &turn), 0, 2);
}

TEST(choice_below_one_is_zero)
{
    struct choice_rng rng = {.state = 7};

    assert_int_equal(choice_below(&rng, 1), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(choice_below(&rng, 3) < 3);
}
