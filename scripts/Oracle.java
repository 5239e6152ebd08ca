import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.io.*;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import javax.lang.model.element.*;
import javax.tools.*;

/**
 * java Oracle SOURCES: every call below a folder with the declaration that javac says it runs, a line each, tab separated: path,
 * line, name, known or unknown, then path, first line, last line and name of the declaration, when it stands below the folder.
 * What javac writes itself is told as the class it writes it for, an accessor of a record by its own name.
 */
public class Oracle {
    private static final String NEW = "<init>";

    public static void main(String[] arguments) throws IOException {
        Path root = Paths.get(arguments[0]).toRealPath();
        List<Path> files;
        try (Stream<Path> all = Files.walk(root)) {
            files = all.filter(p -> p.toString().endsWith(".java") && !p.getFileName().toString().contains("-info"))
                .sorted().collect(Collectors.toList());
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null);
        List<String> options = List.of("-proc:none", "-XDshould-stop.ifError=FLOW");
        JavacTask task = (JavacTask) compiler.getTask(
            Writer.nullWriter(), manager, problem -> { }, options, null, manager.getJavaFileObjectsFromPaths(files));
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        task.analyze();
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out), false, "UTF-8");
        for (CompilationUnitTree unit : units) new Calls(root, Trees.instance(task), unit, out).scan(unit, null);
        out.flush();
    }

    private static class Calls extends TreePathScanner<Void, Void> {
        private final Path root;
        private final Trees trees;
        private final SourcePositions positions;
        private final CompilationUnitTree unit;
        private final String text;
        private final PrintStream out;

        Calls(Path root, Trees trees, CompilationUnitTree unit, PrintStream out) throws IOException {
            this.root = root;
            this.trees = trees;
            this.positions = trees.getSourcePositions();
            this.unit = unit;
            this.text = unit.getSourceFile().getCharContent(true).toString();
            this.out = out;
        }

        @Override public Void visitMethodInvocation(MethodInvocationTree call, Void nothing) {
            ExpressionTree selected = call.getMethodSelect();
            boolean member = selected instanceof MemberSelectTree;
            String name = member ? ((MemberSelectTree) selected).getIdentifier().toString() : selected.toString();
            long at = member ? positions.getEndPosition(unit, selected) - name.length() : positions.getStartPosition(unit, selected);
            if (text.startsWith(name, (int) at)) report(trees.getElement(getCurrentPath()), at, name); // else nobody wrote it
            return super.visitMethodInvocation(call, nothing);
        }

        @Override public Void visitMemberReference(MemberReferenceTree reference, Void nothing) {
            long at = positions.getStartPosition(unit, reference);
            report(trees.getElement(getCurrentPath()), at, reference.getName().toString());
            return super.visitMemberReference(reference, nothing);
        }

        @Override public Void visitNewClass(NewClassTree made, Void nothing) {
            Element element = trees.getElement(getCurrentPath());
            if (made.getClassBody() != null) { // what runs is the constructor of the class that is extended
                Element extended = trees.getElement(new TreePath(getCurrentPath(), made.getIdentifier()));
                List<Element> fitting = extended == null || extended.getKind() == ElementKind.INTERFACE ? List.of()
                    : extended.getEnclosedElements().stream().filter(e -> e.getKind() == ElementKind.CONSTRUCTOR
                        && ((ExecutableElement) e).getParameters().size() == made.getArguments().size()).collect(Collectors.toList());
                element = fitting.size() == 1 ? fitting.get(0) : null;
            }
            report(element, positions.getStartPosition(unit, made.getIdentifier()), made.getIdentifier().toString());
            return super.visitNewClass(made, nothing);
        }

        private void report(Element element, long at, String name) {
            String site = String.join("\t", relative(unit), "" + unit.getLineMap().getLineNumber(at), name);
            if (element == null) {
                out.println(site + "\tunknown");
                return;
            }
            Element owner = element.getEnclosingElement();
            TreePath declared = trees.getPath(element), around = owner == null ? null : trees.getPath(owner);
            String shown = (element.getSimpleName().contentEquals(NEW) ? owner : element).getSimpleName().toString();
            if (declared == null || positions.getEndPosition(declared.getCompilationUnit(), declared.getLeaf()) < 0) {
                boolean silent = owner == null || owner.getKind() == ElementKind.ENUM;
                declared = silent ? null : around;
            }
            out.println(declared == null ? site + "\tknown" : site + "\tknown\t" + place(declared, shown));
        }

        private String place(TreePath path, String name) {
            CompilationUnitTree in = path.getCompilationUnit();
            long first = in.getLineMap().getLineNumber(positions.getStartPosition(in, path.getLeaf()));
            long last = in.getLineMap().getLineNumber(positions.getEndPosition(in, path.getLeaf()));
            return String.join("\t", relative(in), "" + first, "" + last, name);
        }

        private String relative(CompilationUnitTree of) {
            return root.relativize(Paths.get(of.getSourceFile().toUri())).toString();
        }
    }
}
