//! What the operator pays for tokens. Whole numbers only: billionths of a currency that Serene does
//! not need to know.

use std::collections::HashMap;

use serene_llm::Usage;

use crate::base::limits::MAX_CALL_COST_NANOS;

/// What a token of a model costs, in billionths of the operator's currency. A price of 0.15 for a
/// million tokens is 150.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// A token of the prompt that the provider read anew.
    pub prompt_nanos: u64,
    /// A token of the prompt that the provider had cached.
    pub cached_nanos: u64,
    /// A token of the answer.
    pub completion_nanos: u64,
}

impl Price {
    /// What a call costs, at most [`MAX_CALL_COST_NANOS`]. Cached tokens are part of the prompt.
    pub fn cost_nanos(&self, usage: &Usage) -> i64 {
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let parts = [
            (usage.prompt_tokens - cached, self.prompt_nanos),
            (cached, self.cached_nanos),
            (usage.completion_tokens, self.completion_nanos),
        ];
        let cost: u128 =
            parts.map(|(tokens, price)| u128::from(tokens) * u128::from(price)).iter().sum();
        i64::try_from(cost).unwrap_or(i64::MAX).min(MAX_CALL_COST_NANOS)
    }
}

/// The prices of the models that have one.
#[derive(Clone, Debug, Default)]
pub struct Prices(HashMap<(String, String), Price>);

impl Prices {
    /// With the price of one more model, by the names that its engine goes by.
    #[must_use]
    pub fn with(
        mut self,
        engine: impl Into<String>,
        model: impl Into<String>,
        price: Price,
    ) -> Self {
        self.0.insert((engine.into(), model.into()), price);
        self
    }

    /// The price of a model; nothing where it has none.
    pub fn of(&self, engine: &str, model: &str) -> Price {
        // A list of some models: looking through it costs less than two new strings.
        let found = self.0.iter().find(|((of, name), _)| of == engine && name == model);
        found.map(|(_, price)| *price).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(prompt_tokens: u32, cached_tokens: u32, completion_tokens: u32) -> Usage {
        Usage { prompt_tokens, completion_tokens, cached_tokens, estimated: false }
    }

    #[test]
    fn cached_tokens_are_part_of_the_prompt_and_have_their_own_price() {
        let price = Price { prompt_nanos: 150, cached_nanos: 75, completion_nanos: 600 };
        assert_eq!(price.cost_nanos(&usage(1000, 0, 10)), 150_000 + 6_000);
        assert_eq!(price.cost_nanos(&usage(1000, 400, 10)), 600 * 150 + 400 * 75 + 6_000);
        // More cached than there was: a provider's mistake must not make a call cheaper than that.
        assert_eq!(price.cost_nanos(&usage(100, 400, 0)), 100 * 75);
        assert_eq!(price.cost_nanos(&usage(0, 0, 0)), 0);
    }

    #[test]
    fn a_model_without_a_price_costs_nothing_and_no_price_overflows() {
        let price = Price { prompt_nanos: u64::MAX, cached_nanos: 0, completion_nanos: u64::MAX };
        let prices = Prices::default().with("openai", "dear", price);
        let much = usage(u32::MAX, 0, u32::MAX);
        assert_eq!(prices.of("openai", "dear").cost_nanos(&much), MAX_CALL_COST_NANOS);
        assert_eq!(prices.of("openai", "other").cost_nanos(&much), 0);
        assert_eq!(prices.of("endpoint", "dear").cost_nanos(&much), 0);
    }
}
