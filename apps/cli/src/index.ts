console.log("obmalloc");
