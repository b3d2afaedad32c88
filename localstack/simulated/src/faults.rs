//! Which request meets which fault: the next few, every one, or a share chosen by the seed.

use std::collections::HashMap;

use crate::digest::unit;

/// What is to go wrong, for one service. The next ones come first, then the standing fault, then
/// the shares.
///
/// A share is drawn from the seed, the request's content and how often that content was seen, not
/// from the order of arrival: the same run meets the same faults however its requests overlap, and
/// a repeated request has a new chance.
#[derive(Clone, Debug)]
pub(crate) struct Plan<F> {
    seed: u64,
    next: Vec<(F, u64)>,
    always: Option<F>,
    shares: Vec<(F, f64)>,
    seen: HashMap<String, u64>,
}

impl<F: Copy + PartialEq> Plan<F> {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            next: Vec::new(),
            always: None,
            shares: Vec::new(),
            seen: HashMap::new(),
        }
    }

    pub(crate) fn push_next(&mut self, fault: F, count: u64) {
        self.next.push((fault, count));
    }

    pub(crate) fn set_always(&mut self, fault: Option<F>) {
        self.always = fault;
    }

    pub(crate) fn set_share(&mut self, fault: F, share: f64) {
        self.shares.retain(|(known, _)| *known != fault);
        if share > 0.0 {
            self.shares.push((fault, share));
        }
    }

    /// No more faults; what was seen stays counted.
    pub(crate) fn clear(&mut self) {
        self.next.clear();
        self.always = None;
        self.shares.clear();
    }

    /// As [`Self::pick`], without a look at the content while nothing is planned: under load that
    /// look is most of the work.
    pub(crate) fn pick_if_any(&mut self, content: &str) -> Option<F> {
        if self.next.is_empty() && self.always.is_none() && self.shares.is_empty() {
            return None;
        }
        self.pick(content)
    }

    /// The fault that a request with this content meets, if any.
    pub(crate) fn pick(&mut self, content: &str) -> Option<F> {
        let attempt = self.seen.entry(content.to_owned()).or_default();
        *attempt += 1;
        let draw = unit(&[&self.seed.to_string(), content, &attempt.to_string()]);
        self.next.retain(|(_, left)| *left > 0);
        if let Some((fault, left)) = self.next.first_mut() {
            *left -= 1;
            return Some(*fault);
        }
        if self.always.is_some() {
            return self.always;
        }
        let mut floor = 0.0;
        self.shares.iter().find_map(|(fault, share)| {
            floor += share;
            (draw < floor).then_some(*fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn next_faults_come_before_the_standing_one() {
        let mut plan = Plan::new(1);
        plan.set_always(Some('a'));
        plan.push_next('n', 2);
        let met: Vec<_> = (0..4).map(|_| plan.pick("same")).collect();
        assert_eq!(met, [Some('n'), Some('n'), Some('a'), Some('a')]);
    }

    #[test]
    fn share_follows_from_seed_in_any_order() {
        let met = |order: &[u32]| {
            let mut plan = Plan::new(7);
            plan.set_share('x', 0.3);
            let mut met: Vec<_> = order
                .iter()
                .map(|n| (*n, plan.pick(&n.to_string()).is_some()))
                .collect();
            met.sort_unstable();
            met
        };
        let forward: Vec<u32> = (0..400).collect();
        let backward: Vec<u32> = (0..400).rev().collect();
        assert_eq!(met(&forward), met(&backward));
        let hits = met(&forward).iter().filter(|(_, hit)| *hit).count();
        assert!((80..160).contains(&hits), "{hits} of 400 at a share of 0.3");
    }
}
