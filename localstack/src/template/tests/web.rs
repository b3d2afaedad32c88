//! Our pages: open to everybody, and nothing else is.

use super::{Broken, detects, holds, properties, target};
use crate::template::Template;

fn only_the_url_is_public(template: &Template) -> Broken {
    let mut broken = Broken::new();
    for (id, url) in properties(template, "AWS::Lambda::Url") {
        if target(&url["TargetFunctionArn"]) != Some("WebFunction") {
            broken.push(format!("{id}: makes another function public"));
        }
    }
    for (id, permission) in properties(template, "AWS::Lambda::Permission") {
        let by_url = match permission["Action"].as_str() {
            Some("lambda:InvokeFunctionUrl") => permission["FunctionUrlAuthType"] == "NONE",
            Some("lambda:InvokeFunction") => permission["InvokedViaFunctionUrl"] == true,
            _ => false,
        };
        if !by_url || target(&permission["FunctionName"]) != Some("WebFunction") {
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
