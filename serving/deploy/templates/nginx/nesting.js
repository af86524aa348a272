// Refuses JSON nested deeper than any tensor here: TensorFlow Serving reads tensors recursively
// and its stack overflows at some 20,000 levels, which fit into 20 kB.

const DEEPEST = 16;
const STRING_OR_BRACKET = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"|[[\]{}]/g;

function depth(text) {
    let level = 0;
    let deepest = 0;
    let found;
    STRING_OR_BRACKET.lastIndex = 0;
    while ((found = STRING_OR_BRACKET.exec(text)) !== null) {
        if (found[0] === '[' || found[0] === '{') {
            level += 1;
            deepest = Math.max(deepest, level);
        } else if (found[0] === ']' || found[0] === '}') {
            level -= 1;
        }
    }
    return deepest;
}

function forward(request) {
    if (depth(request.requestText || '') > DEEPEST) {
        request.headersOut['Content-Type'] = 'application/json';
        request.return(400, '{"error": "expected JSON of at most ' + DEEPEST + ' levels"}');
        return;
    }
    request.internalRedirect('@serving');
}

export default { forward };
