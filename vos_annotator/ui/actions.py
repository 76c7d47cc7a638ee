"""Everything a person can do by menu, key or tool bar: one table.

For: `ActionSet`, which makes the window's menus, tool bar, shortcuts and tooltips of it,
and the cheat sheet. Plain Python. To add a command, write a method of `Verbs` and one line here.
The words are English here; `Keymap` hands the rows on in the language in use.

A row names the method that does it and what must be true for it to make sense (`needs`);
`Verbs.conditions` says what is true. No two rows of one scope may share a key.
"""

from __future__ import annotations

from vos_annotator.core.edits import ReviewState
from vos_annotator.core.translation import languages
from vos_annotator.ui.action import Action


def _tool(name: str, text: str, key: str, tip: str, starts_group: bool = False) -> Action:
    return Action(
        f"tool-{name}",
        "Mask",
        text,
        "choose_tool",
        (name,),
        (key,),
        icon=name,
        tip=tip,
        checked=f"tool {name}",
        group="tool",
        starts_group=starts_group,
        in_bar=True,
    )


def _view(mode: str, text: str, tip: str) -> Action:
    return Action(
        f"view-{mode}",
        "View/Masks as",
        text,
        "look_at",
        (mode,),
        tip=tip,
        checked=f"view {mode}",
        group="view",
    )


def _theme(choice: str, text: str) -> Action:
    return Action(
        f"theme-{choice}",
        "View/Theme",
        text,
        "use_theme",
        (choice,),
        needs=(),
        checked=f"theme {choice}",
        group="theme",
    )


def _language(choice: str, text: str) -> Action:
    return Action(
        f"language-{choice}",
        "View/Language",
        text,
        "use_language",
        (choice,),
        needs=(),
        checked=f"language {choice}",
        group="language",
    )


def _step(id_: str, text: str, frames: int, *keys: str, icon: str = "") -> Action:
    return Action(id_, "Frame", text, "step", (frames,), keys, icon, repeats=True)


def _operation(name: str, text: str, key: str, tip: str, starts_group: bool = False) -> Action:
    tip += " With a preview, on this frame or a range."
    return Action(name, "Mask", text, "operate", (name,), (key,), tip=tip, needs=_OBJECT,
                  starts_group=starts_group, edits=True)  # fmt: skip


def _review(name: str, text: str, state: ReviewState, key: str, tip: str) -> Action:
    tip += " The range, or all around this frame that has one state."
    return Action(f"review-{name}", "Frame/Review", text, "review", (state,), (key,), tip=tip,
                  edits=True)  # fmt: skip


_ANY: tuple[str, ...] = ()
_OBJECT = ("video", "object")
_RUNNABLE = ("video", "any object", "reference somewhere")

ACTIONS: tuple[Action, ...] = (
    Action("open-video", "File", "Open video or project…", "open_video", (), ("Ctrl+O",), "film",
           needs=_ANY),
    Action("open-folder", "File", "Open folder of frames…", "open_folder", (), ("Ctrl+Shift+O",),
           "folder", needs=_ANY),
    Action("import-masks", "File", "Import masks…", "import_masks", (),
           ("Ctrl+Shift+I",), "import", starts_group=True,
           tip="Read masks in any format, as references or as predictions."),
    Action("import-mask", "File", "Import one mask for this frame…", "import_one_mask"),
    Action("export", "File", "Export…", "export", (), ("Ctrl+E",), "export"),
    Action("batch", "File", "Batch…", "show_batch", (), (), needs=_ANY,
           tip="Compute many projects, one after the other, while you go on working."),
    Action("merge", "File", "Merge with a project…", "merge_projects", starts_group=True,
           tip="Make one project of this and somebody else's, of the same video."),
    Action("compare-projects", "File", "Compare with a project…", "compare_projects",
           tip="How far this project and somebody else's agree, and where they do least."),
    Action("effort", "File", "Effort…", "show_effort",
           tip="What annotating took: steps, minutes at work, frames between corrections."),
    Action("save", "File", "Save now", "save", (), ("Ctrl+S",), "save", starts_group=True,
           tip="Every edit is saved as it is made; this writes what may still be waiting."),
    Action("save-copy", "File", "Save a copy as…", "save_copy", (), ("Ctrl+Shift+S",), "copy"),
    Action("rescue", "File", "Rescue a damaged project…", "rescue_project", needs=_ANY),
    Action("close", "File", "Close", "close_project", (), ("Ctrl+W",), starts_group=True),
    Action("quit", "File", "Quit", "quit", (), ("Ctrl+Q",), needs=_ANY),
    #
    Action("undo", "Edit", "Undo", "undo", (), ("Ctrl+Z",), "undo", needs=("undo",), repeats=True),
    Action("redo", "Edit", "Redo", "redo", (), ("Ctrl+Shift+Z", "Ctrl+Y"), "redo",
           needs=("redo",), repeats=True),
    Action("copy-mask", "Edit", "Copy mask", "copy_mask", (), ("Ctrl+C",), needs=_OBJECT,
           starts_group=True, tip="Remember the object's mask on this frame."),
    Action("paste-mask", "Edit", "Paste mask", "paste_mask", (), ("Ctrl+V",), needs=_OBJECT,
           tip="Give the object the copied mask here; other objects keep their pixels.",
           edits=True),
    Action("copy-previous", "Edit", "Copy object from previous frame", "copy_previous", (),
           ("Ctrl+D",), "copy", needs=_OBJECT, edits=True),
    Action("clear-here", "Edit", "Clear object on this frame", "clear_here", (), ("Del",),
           needs=_OBJECT, tip="Only here: other frames keep the object.", edits=True),
    #
    _step("previous", "Previous frame", -1, "Left", "A", "PgUp", icon="previous"),
    _step("next", "Next frame", 1, "Right", "D", "PgDown", icon="next"),
    _step("back-10", "Back 10 frames", -10, "Shift+Left"),
    _step("forward-10", "Forward 10 frames", 10, "Shift+Right"),
    Action("first", "Frame", "First frame", "go_to_end", (-1,), ("Home",), "first"),
    Action("last", "Frame", "Last frame", "go_to_end", (1,), ("End",), "last"),
    Action("go-to", "Frame", "Go to frame", "focus_frame_field", (), ("Ctrl+J",)),
    Action("play", "Frame", "Play or pause", "play", (), ("Space",), "play", starts_group=True),
    Action("previous-reference", "Frame", "Previous reference", "go_to_reference", (-1,),
           ("Ctrl+Left",), needs=_RUNNABLE, starts_group=True),
    Action("next-reference", "Frame", "Next reference", "go_to_reference", (1,), ("Ctrl+Right",),
           needs=_RUNNABLE),
    Action("previous-shot", "Frame", "Previous shot", "go_to_shot", (-1,), ("Ctrl+PgUp",),
           tip="To the first frame of this shot, then of the one before."),
    Action("next-shot", "Frame", "Next shot", "go_to_shot", (1,), ("Ctrl+PgDown",)),
    Action("next-doubtful", "Frame", "Next doubtful frame", "go_to_doubtful", (1,), ("N",),
           tip="The place where a correction mends most, be it doubtful or a glitch; from there, "
               "the next one."),
    Action("previous-doubtful", "Frame", "Previous doubtful frame", "go_to_doubtful", (-1,),
           ("Shift+N",)),
    Action("next-glitch", "Frame", "Next glitch", "go_to_glitch", (1,), ("Q",),
           tip="An object that is wrong on one to three frames and right before and after."),
    Action("previous-glitch", "Frame", "Previous glitch", "go_to_glitch", (-1,), ("Shift+Q",)),
    Action("keep", "Frame", "Keep frame as reference", "keep", (), ("Return", "Enter", "C"),
           "keep", needs=("video", "any object"), starts_group=True,
           tip="You answer for this frame: propagation never writes it and learns from it.",
           edits=True),
    Action("keep-propagate", "Frame", "Keep and propagate", "keep_and_propagate", (),
           ("Shift+Return", "Shift+Enter"), needs=("video", "any object"), edits=True),
    Action("release", "Frame", "Release reference", "release", (), ("Backspace",), "release",
           needs=("video", "reference here"),
           tip="The frame becomes a prediction again, and may be written by propagation.",
           edits=True),
    Action("accept-range", "Frame", "Accept range", "accept_range", (),
           ("Ctrl+Return", "Ctrl+Enter"),
           needs=("video", "range"),
           tip="You answer for every prediction from the start to the end of the range.",
           edits=True),
    Action("release-range", "Frame", "Release range", "release_range", (), ("Ctrl+Backspace",),
           needs=("video", "range"),
           tip="Every reference of the range becomes a prediction again.", edits=True),
    Action("set-in", "Frame", "Start of range here", "set_in", (), ("I",), starts_group=True,
           tip="Playback, propagation and the timeline stay inside the range."),
    Action("set-out", "Frame", "End of range here", "set_out", (), ("O",)),
    Action("clear-in", "Frame", "Clear start of range", "clear_in", (), ("Alt+I",)),
    Action("clear-out", "Frame", "Clear end of range", "clear_out", (), ("Alt+O",)),
    _review("done", "Done", ReviewState.DONE, "Ctrl+1", "Ready for the reviewer."),
    _review("accepted", "Accepted", ReviewState.ACCEPTED, "Ctrl+2", "The reviewer found it good."),
    Action("review-back", "Frame/Review", "Send back…", "send_back", (), ("Ctrl+3",),
           tip="With a note on what is to be changed. The range, or all around this frame that "
               "has one state.", edits=True),
    _review("to-do", "To do", ReviewState.TO_DO, "Ctrl+4", "Nothing is said of it."),
    Action("next-unaccepted", "Frame/Review", "Next that is not accepted", "go_to_unaccepted",
           (1,), ("Ctrl+R",), starts_group=True),
    Action("previous-unaccepted", "Frame/Review", "Previous that is not accepted",
           "go_to_unaccepted", (-1,), ("Ctrl+Shift+R",)),
    #
    Action("add-object", "Object", "New object", "add_object", (), ("Ctrl+N",), "add",
           tip="Add an object on any frame; the others stay as they are.", edits=True),
    Action("rename-object", "Object", "Rename", "rename_object", (), ("F2",), needs=_OBJECT,
           edits=True),
    Action("color-object", "Object", "Colour…", "choose_color", needs=_OBJECT, edits=True),
    Action("hide-object", "Object", "Hide", "toggle_hidden", (), ("Shift+H",), "eye-off",
           needs=_OBJECT, checked="object hidden", edits=True),
    Action("lock-object", "Object", "Lock", "toggle_locked", (), ("L",), "lock",
           needs=_OBJECT, checked="object locked", tip="A locked object is not painted over.",
           edits=True),
    Action("absent", "Object", "Absent here", "toggle_absent", (), ("Shift+A",), needs=_OBJECT,
           checked="object absent", starts_group=True,
           tip="On this frame, or in the range: the object is not to be seen, whatever a pass "
               "finds. Painting it is taken for the opposite.", edits=True),
    Action("absent-onwards", "Object", "Absent from here on", "absent_onwards", (),
           ("Ctrl+Shift+A",), needs=_OBJECT,
           tip="Up to the next reference that shows the object, or to the end.", edits=True),
    Action("next-object", "Object", "Next object", "cycle_object", (1,), ("Tab",),
           needs=_OBJECT, scope="canvas", starts_group=True),
    Action("previous-object", "Object", "Previous object", "cycle_object", (-1,), ("Shift+Tab",),
           needs=_OBJECT, scope="canvas"),
    *(
        Action(f"object-{n}", "Object/Select", "Object {0}", "choose_object", (n,), (str(n),),
               needs=(f"has object {n}",))
        for n in range(1, 10)
    ),
    Action("delete-object", "Object", "Delete object everywhere", "delete_object", (), (),
           "trash", needs=_OBJECT, starts_group=True,
           tip="From every frame of the video. Undo brings it back.", edits=True),
    #
    _tool("select", "Select", "V", "Click an object to choose it; drag to move the view."),
    _tool("brush", "Brush", "B",
          "Paint the object; the right button removes. Shift draws a line from the last stroke."),
    _tool("eraser", "Eraser", "E", "Take pixels away from the object."),
    _tool("scribble", "Scribble", "S",
          "A stroke or a click inside, or outside with the right button: the mask follows."),
    _tool("point", "Points", "P",
          "Click on the object, and beside it with the right button: the mask follows."),
    _tool("box", "Box", "X", "Drag a box around an object: the mask follows."),
    _tool("lasso", "Lasso and polygon", "G",
          "Drag to draw, or click corners; with Shift they join along edges. Undo drops the last."),
    _tool("wand", "Magic wand", "W",
          "Click a colour; drag right or up for more of it. The right button removes."),
    _tool("fill", "Fill", "F", "Fill a hole, or recolour a whole patch."),
    Action("brush-smaller", "Mask", "Smaller brush", "scale_brush", (-1,), ("[",),
           starts_group=True, repeats=True),
    Action("brush-larger", "Mask", "Larger brush", "scale_brush", (1,), ("]",), repeats=True),
    _operation("grow", "Grow…", "Shift+G", "Give the object a wider border.", True),
    _operation("shrink", "Shrink…", "Shift+K", "Take the object's border away."),
    _operation("smooth", "Smooth border…", "Shift+U", "Take dents and bumps off the border."),
    _operation("fill-holes", "Fill holes…", "Shift+J", "Close what the object surrounds."),
    _operation("drop-specks", "Drop specks…", "Shift+D", "Remove parts smaller than a size."),
    _operation("keep-largest", "Keep largest part…", "Shift+L", "Remove all parts but one."),
    Action("interpolate", "Mask", "Interpolate between references", "interpolate", (),
           ("Shift+I",), needs=("video", "object", "reference somewhere"), starts_group=True,
           tip="Shapes of the object between the references around this frame. They are "
               "predictions: propagation may replace them.", edits=True),
    Action("bridge", "Mask", "Bridge glitch", "bridge", (), ("R",), needs=_OBJECT,
           tip="Shapes in between replace the object's masks on a glitch, or on this frame where "
               "none is found. You answer for them: the frames become references.", edits=True),
    #
    Action("propagate", "Propagate", "Propagate", "propagate", (), ("Ctrl+T",), "propagate",
           needs=_RUNNABLE,
           tip="From the references through the frames between and around them."),
    Action("propagate-forward", "Propagate", "Propagate forwards", "propagate_one_way", (1,),
           ("Ctrl+Shift+Right",), "propagate-forward", needs=_RUNNABLE),
    Action("propagate-backward", "Propagate", "Propagate backwards", "propagate_one_way", (-1,),
           ("Ctrl+Shift+Left",), "propagate-backward", needs=_RUNNABLE),
    Action("propagate-next", "Propagate", "One frame forwards", "propagate_one_frame", (1,),
           ("Alt+Right",), needs=_RUNNABLE, repeats=True),
    Action("propagate-previous", "Propagate", "One frame backwards", "propagate_one_frame", (-1,),
           ("Alt+Left",), needs=_RUNNABLE, repeats=True),
    Action("auto-refresh", "Propagate", "Refresh after a correction", "toggle_auto_refresh",
           checked="auto refresh", starts_group=True,
           tip="Recompute what a correction makes stale, from the correction outwards."),
    Action("rough-first", "Propagate", "Rough masks first", "toggle_rough_first",
           checked="rough first",
           tip="Compute everything small and quickly, and again at full size when you pause."),
    Action("refine", "Propagate", "Sharp borders in large videos", "toggle_refining",
           checked="refining on",
           tip="Look at each object from near where the video is finer than masks are computed."),
    Action("learn", "Propagate", "Learn this video", "toggle_learning", checked="learning on",
           tip="At rest, learn from the references how the objects look; kept if it helps."),
    Action("engine", "Propagate", "Engine…", "choose_engine", starts_group=True,
           tip="Which network computes masks, and with which weights."),
    Action("clicks", "Propagate", "Clicks and boxes…", "choose_clicks",
           tip="Which network the point tool and the box tool ask."),
    Action("stop", "Propagate", "Stop", "stop", (), ("Esc",), "stop", needs=("running",),
           tip="Stop the run; what is computed stays."),
    #
    Action("masks", "View", "Masks", "toggle_masks", (), ("H",), "masks", checked="masks shown"),
    Action("raw", "View", "Raw picture while held", "show_raw", (), ("T",), scope="hold"),
    Action("compare", "View", "Before and after while held", "compare", (), ("Y",), scope="hold",
           tip="A line at the mouse: left of it the masks before the last step, right of it those "
               "now, on any frame that it changed."),
    Action("opacity-less", "View", "Fainter masks", "change_opacity", (-1,), ("-",), repeats=True),
    Action("opacity-more", "View", "Stronger masks", "change_opacity", (1,), ("=",), repeats=True),
    Action("next-view", "View", "Next way of looking", "cycle_view", (1,), ("M",),
           starts_group=True, tip="Overlay, contours, masks, cut-out, textures."),
    Action("previous-view", "View", "Previous way of looking", "cycle_view", (-1,), ("Shift+M",)),
    _view("overlay", "Overlay", "Masks in their colours over the picture."),
    _view("contour", "Contours", "Outlines alone: the picture keeps its colours."),
    _view("mask", "Masks alone", "Colours on black: every stray pixel shows."),
    _view("cut-out", "Cut-out", "The objects as they are; all else is grey."),
    _view("textured", "Textures", "Each object has a pattern: told apart without colours."),
    Action("onion", "View", "Onion skin", "toggle_onion", (), ("Shift+O",),
           checked="onion shown",
           tip="Outlines of the reference before (lighter) and of the one after (darker)."),
    Action("fit", "View", "Fit to window", "fit", (), ("0",), "fit", starts_group=True),
    Action("zoom-100", "View", "Zoom to 100 %", "zoom_100", (), ("Ctrl+0",)),
    Action("zoom-in", "View", "Zoom in", "zoom", (1,), ("Z",), repeats=True),
    Action("zoom-out", "View", "Zoom out", "zoom", (-1,), ("Shift+Z",), repeats=True),
    *(
        Action(f"move-{side.lower()}", "View/Move the view", side, "move_view", way,
               (f"Alt+Shift+{side}",), repeats=True)
        for side, way in (("Left", (-1, 0)), ("Right", (1, 0)), ("Up", (0, -1)), ("Down", (0, 1)))
    ),
    Action("timeline-in", "View", "Zoom timeline in", "zoom_timeline", (1,), ("Ctrl+=",),
           repeats=True),
    Action("timeline-out", "View", "Zoom timeline out", "zoom_timeline", (-1,), ("Ctrl+-",),
           repeats=True),
    _theme("system", "As the desktop"),
    _theme("dark", "Dark"),
    _theme("light", "Light"),
    _language("system", "As the desktop"),
    *(_language(code, name) for code, name in languages().items()),
    Action("memory", "View", "Memory…", "choose_memory", needs=_ANY, starts_group=True,
           tip="How much memory frames and masks that can be had again may take."),
    Action("pace", "View", "Pace", "toggle_pace", checked="pace shown",
           tip="How long the window does not answer, what a frame takes and what memory, live."),
    Action("full-screen", "View", "Full screen", "toggle_full_screen", (), ("F11",), needs=_ANY,
           checked="full screen"),
    #
    Action("palette", "Help", "Search commands…", "show_palette", (), ("Ctrl+K",), needs=_ANY),
    Action("keys", "Help", "Keys", "show_keys", (), ("F1", "?"), "help", needs=_ANY),
    Action("shortcuts", "Help", "Change keys…", "edit_shortcuts", needs=_ANY,
           tip="Give commands other keys, or take the keys of a program you know."),
    Action("messages", "Help", "Messages", "show_messages", needs=_ANY),
    Action("diagnostics", "Help", "Copy diagnostics", "copy_diagnostics", needs=_ANY,
           tip="Versions, the end of the log and the last crash, to be pasted into a report."),
    Action("hints", "Help", "Show the hints again", "show_hints", needs=_ANY),
)  # fmt: skip
