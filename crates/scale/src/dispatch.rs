//! The dispatch of messages to functions.
//!
//! A message waits in the backlog of its queue until the event source mapping may have another batch in flight (its ramp) and
//! Lambda another execution (the concurrency of the account, the scaling rate of the function). An invocation then runs the
//! pipeline's own handler, until it ends or the function times out.

use std::sync::Arc;
use std::time::Duration;

use crate::account::{Account, Delivery, Invocation, State};
use crate::environments::{Function, Start};
use crate::limits::Ramp;
use crate::payload::Payload;
use crate::timeline::lock;

/// The interval at which a mapping at its limit dispatches again: the time in which its ramp adds a batch.
const DISPATCH_INTERVAL: Duration = Duration::from_millis(200);

impl Account {
    /// Sends a payload to the queue of its function, to be delivered after `delay`.
    pub(crate) fn send(self: &Arc<Self>, payload: Payload, delay: Duration) {
        self.deliver(Delivery { payload, receives: 0 }, delay);
    }

    fn deliver(self: &Arc<Self>, delivery: Delivery, delay: Duration) {
        let account = Arc::clone(self);
        self.timeline.spawn(move || async move {
            account.timeline.sleep(delay).await;
            let function = delivery.payload.function();
            let is_fair = account.parameters.template.fair;
            let group = if is_fair { delivery.payload.group().to_owned() } else { String::new() };
            {
                let mut state = lock(&account.state);
                let queue = function.of_mut(&mut state.queues);
                queue.backlog.push(&group, delivery);
                queue.peak_backlog = queue.peak_backlog.max(queue.backlog.len());
                queue.active_since.get_or_insert(account.timeline.now());
            }
            account.dispatch(function);
        });
    }

    /// Starts as many invocations of a function as the limits allow now, and schedules another dispatch if messages are left.
    fn dispatch(self: &Arc<Self>, function: Function) {
        let mut state = lock(&self.state);
        while let Some((group, delivery, start)) = self.next(&mut state, function) {
            let account = Arc::clone(self);
            self.timeline.spawn(move || account.invoke(function, group, delivery, start));
        }
        let queue = function.of_mut(&mut state.queues);
        if !queue.backlog.is_empty() && !queue.dispatch_is_scheduled {
            queue.dispatch_is_scheduled = true;
            let account = Arc::clone(self);
            self.timeline.spawn(move || async move {
                account.timeline.sleep(DISPATCH_INTERVAL).await;
                function.of_mut(&mut lock(&account.state).queues).dispatch_is_scheduled = false;
                account.dispatch(function);
            });
        }
    }

    /// Takes the next message of a function, if an invocation may start now.
    fn next(&self, state: &mut State, function: Function) -> Option<(String, Delivery, Start)> {
        let now = self.timeline.now();
        let queue = function.of_mut(&mut state.queues);
        if queue.backlog.is_empty() {
            if queue.backlog.in_flight() == 0 {
                queue.active_since = None;
            }
            return None;
        }
        let elapsed = self.timeline.since(queue.active_since.unwrap_or(now));
        if queue.backlog.in_flight() >= self.ramp(function).after(elapsed) {
            return None;
        }
        let start = state.environments.start(function, now);
        if start == Start::Throttled {
            return None;
        }
        let (group, delivery) = function.of_mut(&mut state.queues).backlog.take(&self.parameters.sqs, now)?;
        Some((group, delivery, start))
    }

    /// Returns the concurrency ramp of a function's event source mapping.
    fn ramp(&self, function: Function) -> Ramp {
        let (sqs, template) = (&self.parameters.sqs, &self.parameters.template);
        match (function, template.encrypt_pollers) {
            (Function::Encrypt, Some((min, max))) => Ramp {
                start: min * sqs.poller_concurrency,
                per_minute: sqs.provisioned_per_minute,
                max: max * sqs.poller_concurrency,
            },
            (Function::Encrypt, None) => sqs.standard.at_most(template.encrypt_concurrency),
            (Function::Ingest, _) => sqs.standard.at_most(template.ingest_concurrency),
            (Function::Fragment | Function::Dash, _) => sqs.standard.at_most(template.package_concurrency),
        }
    }

    async fn invoke(self: Arc<Self>, function: Function, group: String, delivery: Delivery, start: Start) {
        let started_at = self.timeline.now();
        if start == Start::Cold {
            self.timeline.sleep(self.parameters.lambda.cold_start + self.parameters.engine.start).await;
        }
        let template = &self.parameters.template;
        let invocation = Invocation {
            account: Arc::clone(&self),
            payload: delivery.payload.clone(),
            memory_mb: *function.of(&template.memory_mb),
            deadline: self.timeline.now() + *function.of(&template.timeout),
        };
        let succeeded = (self.handler)(invocation).await;
        {
            let now = self.timeline.now();
            let duration = self.timeline.since(started_at);
            let mut state = lock(&self.state);
            state.environments.end(function, duration);
            function.of_mut(&mut state.queues).backlog.end(&group, duration, now);
            // A receive, and after success a delete.
            state.usage.queue_requests += 1 + u64::from(succeeded);
        }
        if !succeeded {
            self.redeliver(function, delivery);
        }
        self.dispatch_all();
    }

    /// Delivers a failed message again after its visibility timeout, or dead-letters it after the maximum number of receives.
    fn redeliver(self: &Arc<Self>, function: Function, delivery: Delivery) {
        let receives = delivery.receives + 1;
        let mut state = lock(&self.state);
        if receives >= *function.of(&self.parameters.template.max_receives) {
            state.usage.dead_lettered += 1;
            return;
        }
        state.usage.redeliveries += 1;
        drop(state);
        let delay = *function.of(&self.parameters.template.visibility_timeout);
        self.deliver(Delivery { receives, ..delivery }, delay);
    }

    /// Dispatches to all functions after an invocation has ended. The order rotates, so that each function is first in turn.
    fn dispatch_all(self: &Arc<Self>) {
        let first = {
            let mut state = lock(&self.state);
            state.dispatches += 1;
            state.dispatches % Function::ALL.len()
        };
        let order = Function::ALL.iter().cycle().skip(first).take(Function::ALL.len());
        order.for_each(|function| self.dispatch(*function));
    }
}
