/* facts_test.c - SPDX-License-Identifier: MIT */
#include "engine/facts.h"

#include "unit/unit.h"

enum { MANY = 5000 };

TEST(facts_are_found_by_lsn_and_gone_when_dropped)
{
    struct facts facts = {.count = 0};
    uint32_t at = 0, n = 0;

    assert_null(facts_find(&facts, 8));
    facts_drop(&facts, 8);
    for (uint64_t i = 1; i <= MANY; i++) {
        struct fact *fact = facts_of(&facts, 64 * i);
        assert_true(fact->why == FACT_NOT_DEAD && fact->first_ms == 0 && !fact->text);
        fact->first_ms = i;
        facts_set_text(&facts, fact, slice_of("a reason that is long", i % 20));
    }
    for (uint64_t i = 1; i <= MANY; i++) {
        assert_int_equal(facts_of(&facts, 64 * i)->first_ms, i);
        assert_int_equal(facts_find(&facts, 64 * i)->text_len, i % 20);
    }
    while (facts_next(&facts, &at))
        n++;
    assert_true(n == MANY && facts.count == MANY);
    for (uint64_t i = 1; i < MANY; i++)
        facts_drop(&facts, 64 * i);
    assert_null(facts_find(&facts, 64));
    assert_int_equal(facts_find(&facts, 64 * MANY)->first_ms, MANY);
    assert_true(facts.text_words == 0 && facts.text_bytes == 0); /* the last one has no text */
    assert_true(facts_bytes(&facts) > 56 * MANY);
    facts_drop(&facts, 64 * MANY);
    assert_int_equal(facts_bytes(&facts), 0); /* the memory is given back */
    facts_free(&facts);
}

TEST(facts_texts_are_replaced)
{
    struct facts facts = {.count = 0};

    facts_set_text(&facts, facts_of(&facts, 8), slice_str("first reason"));
    assert_int_equal(facts.text_words, 2);
    facts_set_text(&facts, facts_of(&facts, 8), slice_str("second"));
    assert_int_equal(facts.text_words, 1);
    assert_true(slice_is(slice_of(facts_find(&facts, 8)->text, facts_find(&facts, 8)->text_len), "second"));
    facts_free(&facts);
    assert_int_equal(facts.count, 0);
}
