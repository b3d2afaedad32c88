//! Our pages: open to everybody, and nothing else is. Who may see the console, the console decides.

use serde_json::json;

use super::{Broken, detects, events, functions, holds, properties, target};
use crate::template::Template;

/// Functions that answer browsers.
const PUBLIC: [&str; 2] = ["ConsoleFunction", "WebFunction"];

fn is_public(id: Option<&str>) -> bool {
    id.is_some_and(|id| PUBLIC.contains(&id))
}

fn only_the_url_is_public(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, url) in properties(template, "AWS::Lambda::Url") {
        if !is_public(target(&url["TargetFunctionArn"])) {
            broken.push(format!("{id}: makes another function public"));
        }
    }
    for (id, permission) in properties(template, "AWS::Lambda::Permission") {
        let by_url = match permission["Action"].as_str() {
            Some("lambda:InvokeFunctionUrl") => permission["FunctionUrlAuthType"] == "NONE",
            Some("lambda:InvokeFunction") => permission["InvokedViaFunctionUrl"] == true,
            _ => false,
        };
        if !by_url || !is_public(target(&permission["FunctionName"])) {
            broken.push(format!("{id}: lets anybody in by another way than the URL"));
        }
    }
    broken
}

#[test]
fn public_may_invoke_function_urls_only() {
    let rule = only_the_url_is_public;
    holds(rule);
    detects(
        rule,
        "WebFunctionInvokePermission",
        "InvokedViaFunctionUrl: true",
        "SourceAccount: '1'",
    );
    detects(
        rule,
        "WebFunctionUrlPermission",
        "FunctionName: !Ref WebFunction",
        "FunctionName: !Ref SenderFunction",
    );
    detects(
        rule,
        "WebFunctionUrl",
        "!GetAtt WebFunction.Arn",
        "!GetAtt SenderFunction.Arn",
    );
}

/// Concurrency of an account whose limit was never raised.
const NEW_ACCOUNT: u64 = 10;

/// The other functions together leave room for an unsubscribe even where none is reserved.
fn unsubscribes_find_room(template: &Template) -> Broken {
    let mut broken = Broken::new();
    let parameter = |name: &str| &template.body["Parameters"][name]["Default"];
    let mut taken = 0;
    for function in functions(template) {
        let reserved = &function.properties["ReservedConcurrentExecutions"];
        if is_public(Some(&function.id)) {
            let prefix = function.id.trim_end_matches("Function");
            let chosen = json!({ "Fn::If": [
                format!("ReservesFor{prefix}"),
                { "Ref": format!("{prefix}ReservedConcurrency") },
                { "Ref": "AWS::NoValue" },
            ] });
            if *reserved != chosen {
                broken.push(format!("nothing can be reserved for {}", function.id));
            }
            // A team of a few persons opens a page now and then.
            continue;
        }
        if !reserved.is_null() {
            broken.push(format!(
                "{}: takes from what is left to others",
                function.id
            ));
        }
        // One of each schedule, besides what a queue invokes.
        let schedules = events(&function, "Schedule").count();
        let queues = events(&function, "SQS").map(|(_, event)| {
            let most = &event["ScalingConfig"]["MaximumConcurrency"];
            most.as_u64().or_else(|| parameter(target(most)?).as_u64())
        });
        let queues: Option<u64> = queues.sum();
        taken += queues.unwrap_or(NEW_ACCOUNT) + schedules as u64;
    }
    if taken >= NEW_ACCOUNT {
        broken.push(format!(
            "{taken} may run at once: no room for an unsubscribe"
        ));
    }
    broken
}

#[test]
fn unsubscribes_find_room_beside_other_functions() {
    let rule = unsubscribes_find_room;
    holds(rule);
    detects(
        rule,
        "WebFunction",
        "ReservedConcurrentExecutions: !If [ReservesForWeb, !Ref WebReservedConcurrency",
        "RecursiveLoop: !If [ReservesForWeb, !Ref WebReservedConcurrency",
    );
    detects(rule, "EnrichConcurrency", "Default: 2", "Default: 5");
    detects(
        rule,
        "SenderFunction",
        "MemorySize: 128",
        "ReservedConcurrentExecutions: 2",
    );
}
