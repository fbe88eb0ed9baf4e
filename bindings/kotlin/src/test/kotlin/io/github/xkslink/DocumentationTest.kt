package io.github.xkslink

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What is written by hand says what it is; what is generated has the words of the core, where the compiler asks for them. */
class DocumentationTest {
    private val declaration = Regex("^(    )?(suspend |data |sealed )*(fun|val|var|class|interface|object) \\w.*")

    @Test
    fun `every public declaration has KDoc`() {
        val files = listOf("src/main", "../java/src/main").flatMap { File(it).walk().filter { file -> file.extension == "kt" } }
        val public = files.flatMap { file ->
            val lines = file.readLines().filterNot { it.trim().startsWith("@") && " fun " !in it }
            lines.indices.filter { declaration.matches(lines[it]) }.map { Triple(file, lines[it], lines.getOrElse(it - 1) { "" }) }
        }
        assertTrue(public.size > 20, "the declarations are found: ${public.size}")
        assertEquals(listOf<Any>(), public.filterNot { (_, _, above) -> above.trim().endsWith("*/") })
    }
}
